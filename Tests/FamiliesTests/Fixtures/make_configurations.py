"""Writes configurations.json: config.json texts in old and new spellings, and what transformers makes of each.

    python make_configurations.py        needs torch and transformers 5.24

Nothing is computed but settings: models stand on the meta device, so that full-sized ones cost nothing. Of each case:
the tensors' names and shapes (of the first and the last block, and their number in all), and for each block the window,
the scale of scores, the rotation's frequencies and amplitude.
"""

import importlib
import json
import pathlib

import torch
import transformers

transformers.utils.logging.set_verbosity_error()
FOLDER = pathlib.Path(__file__).parent
SMALL = dict(vocab_size=40, hidden_size=24, intermediate_size=20, num_hidden_layers=3, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, pad_token_id=0, eos_token_id=2)
LLAMA3 = dict(factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)


def small(**keys):
    return SMALL | keys


# In each case what stands in config.json, without model_type.
CASES = {
    "gpt2": {
        "absent keys": {},
        "general names": small(num_key_value_heads=None),
        "own names": dict(vocab_size=40, n_embd=24, n_layer=2, n_head=4, n_positions=32, n_inner=50, n_ctx=32),
        "scaled by block": dict(n_embd=24, n_layer=3, n_head=4, scale_attn_by_inverse_layer_idx=True),
        "unscaled": dict(n_embd=24, n_layer=2, n_head=4, scale_attn_weights=False, tie_word_embeddings=False),
        "exact gelu": dict(n_embd=24, n_layer=1, n_head=2, activation_function="gelu"),
        "relu": dict(n_embd=24, n_layer=1, n_head=2, activation_function="relu"),
    },
    "llama": {
        "absent keys": {},
        "old base": small(rope_theta=5e5, rope_scaling=None),
        "new base": small(rope_parameters=dict(rope_type="default", rope_theta=3e5), dtype="bfloat16"),
        "both spellings": small(rope_theta=7e4, rope_parameters=dict(rope_type="default", rope_theta=3e5),
                                rope_scaling=dict(type="linear", factor=2.0)),
        "both spellings, one null": small(rope_theta=7e4, rope_parameters=dict(rope_type="default", rope_theta=3e5),
                                          rope_scaling=None),
        "empty scaling": small(rope_theta=7e4, rope_scaling={}),
        "base outside": small(rope_theta=7e4, rope_parameters=dict(rope_type="linear", factor=3.0)),
        "linear, old type": small(rope_scaling=dict(type="linear", factor=4.0)),
        "llama3": small(rope_scaling=LLAMA3 | dict(rope_type="llama3", original_max_position_embeddings=16)),
        "llama3, old type": small(rope_theta=5e5, rope_scaling=LLAMA3 | dict(
            type="llama3", original_max_position_embeddings=16)),
        "llama3 without original length": small(rope_scaling=LLAMA3 | dict(rope_type="llama3")),
        "original length outside": small(original_max_position_embeddings=24, rope_scaling=LLAMA3 | dict(
            rope_type="llama3", original_max_position_embeddings=16)),
        "yarn": small(rope_theta=1e4, rope_scaling=YARN),
        "yarn, untruncated": small(rope_parameters=YARN | dict(truncate=False, rope_theta=5e4)),
        "yarn, amplitude": small(rope_scaling=YARN | dict(attention_factor=1.25, beta_fast=16, beta_slow=2)),
        "yarn, scales": small(rope_scaling=YARN | dict(mscale=1.0, mscale_all_dim=0.5)),
        "yarn, one scale": small(rope_scaling=YARN | dict(mscale=0.7)),
        "yarn, nulls": small(rope_scaling=YARN | dict(attention_factor=None, beta_fast=None, beta_slow=0)),
        "yarn, factor null": small(rope_scaling=YARN | dict(factor=None)),
        "no key heads": {k: v for k, v in SMALL.items() if k != "num_key_value_heads"},
        "null key heads": small(num_key_value_heads=None, head_dim=None),
        "wide heads": small(head_dim=10),
        "biases": small(attention_bias=True, mlp_bias=True, tie_word_embeddings=True, hidden_act="gelu"),
        "unknown keys": small(use_cache=True, rope_interleaved=False, auto_map={}, task_specific_params=None),
    },
    "mistral": {
        "absent keys": {},
        "null window": small(sliding_window=None),
        "window": small(sliding_window=5, head_dim=10),
        "window absent": small(rope_theta=1e6),
        "null head width": small(head_dim=None, sliding_window=7),
    },
    "qwen2": {
        "absent keys": {},
        "window off": small(sliding_window=8, use_sliding_window=False, max_window_layers=1),
        "window on": small(sliding_window=8, use_sliding_window=True, max_window_layers=1),
        "window on, absent keys": small(use_sliding_window=True, max_window_layers=2),
        "window on and null": small(use_sliding_window=True, sliding_window=None, max_window_layers=0),
        "types of layers": small(use_sliding_window=True, sliding_window=4, layer_types=[
            "sliding_attention", "full_attention", "sliding_attention"]),
        "yarn, old type": small(rope_theta=1e6, rope_scaling=dict(
            type="yarn", factor=4.0, original_max_position_embeddings=16)),
        "tied": small(tie_word_embeddings=True),
    },
    "qwen3": {
        "absent keys": {},
        "small": small(head_dim=14),
        "biases": small(head_dim=10, attention_bias=True, tie_word_embeddings=True),
        "window on": small(head_dim=8, sliding_window=8, use_sliding_window=True, max_window_layers=1),
    },
    "gemma3_text": {
        "absent keys": {},
        "old keys": small(head_dim=10, sliding_window_pattern=2, rope_theta=2e5, rope_local_base_freq=3e4,
                          rope_scaling=dict(rope_type="linear", factor=8.0), query_pre_attn_scalar=20),
        "pattern of saved files": small(head_dim=10, _sliding_window_pattern=2, num_hidden_layers=7),
        "both patterns": small(head_dim=10, _sliding_window_pattern=3, sliding_window_pattern=2),
        "one rotation given": small(head_dim=10, sliding_window_pattern=2, rope_parameters=dict(
            full_attention=dict(rope_type="yarn", factor=2.0, rope_theta=4e5, original_max_position_embeddings=32),
            sliding_attention=None)),
        "rotations of types": small(head_dim=10, sliding_window=9, layer_types=["full_attention"] * 2 + [
            "sliding_attention"], rope_parameters=dict(full_attention=dict(rope_type="default", rope_theta=4e5),
                                                       sliding_attention=dict(rope_theta=2e4))),
        "scaling over a rotation": small(head_dim=10, sliding_window_pattern=2, rope_parameters=dict(
            full_attention=dict(rope_type="default", rope_theta=4e5), sliding_attention=dict(rope_theta=2e4)),
            rope_scaling=dict(rope_type="linear", factor=2.0)),
        "untied, biases": small(head_dim=10, tie_word_embeddings=False, attention_bias=True,
                                final_logit_softcapping=30.0),
    },
    "glm": {
        "absent keys": {},
        "share absent": small(head_dim=16),
        "share absent, rotation given": small(head_dim=16, rope_parameters=dict(rope_type="default", rope_theta=5e4)),
        "old share": small(head_dim=16, partial_rotary_factor=0.25),
        "new share": small(head_dim=16, rope_parameters=dict(
            rope_type="default", rope_theta=1e4, partial_rotary_factor=0.25)),
        "both shares": small(head_dim=16, partial_rotary_factor=1.0, rope_parameters=dict(
            rope_type="linear", factor=2.0, partial_rotary_factor=0.75)),
        "no key heads": {k: v for k, v in SMALL.items() if k != "num_key_value_heads"} | dict(
            head_dim=8, attention_bias=False),
    },
    "glm4": {"absent keys": {}, "small": small(head_dim=16, attention_bias=False, tie_word_embeddings=True)},
}


def rotations(model_type, config):
    """By type of layer: frequencies and amplitude."""
    if model_type == "gpt2": return {}
    module = importlib.import_module(f"transformers.models.{model_type.removesuffix('_text')}."
                                     f"modeling_{model_type.removesuffix('_text')}")
    name = {"gemma3_text": "Gemma3", "qwen2": "Qwen2", "qwen3": "Qwen3"}.get(model_type, model_type.capitalize())
    rotary = getattr(module, name + "RotaryEmbedding")(config=config)
    if model_type != "gemma3_text": return {None: (rotary.inv_freq, rotary.attention_scaling)}
    return {kind: (getattr(rotary, kind + "_inv_freq"), getattr(rotary, kind + "_attention_scaling"))
            for kind in set(config.layer_types)}


def expectation(model_type, settings):
    config = transformers.AutoConfig.for_model(model_type, **settings)
    turns = rotations(model_type, config)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    blocks = model.transformer.h if model_type == "gpt2" else model.model.layers
    described = []
    for block in blocks:
        attention = block.attn if model_type == "gpt2" else block.self_attn
        kind = getattr(attention, "layer_type", None)
        window = config.sliding_window if model_type == "mistral" else getattr(attention, "sliding_window", None)
        frequencies, amplitude = turns.get(kind) or turns.get(None) or (torch.zeros(0), 1.0)
        described.append({"window": window, "scale": attention.scaling,
                          "frequencies": [float(f) for f in frequencies], "amplitude": float(amplitude)})
    tensors = {name: list(t.shape) for name, t in model.state_dict().items()}
    if config.tie_word_embeddings: del tensors["lm_head.weight"]
    last = f".{len(blocks) - 1}."
    kept = {n: s for n, s in tensors.items() if not any(p.isdigit() for p in n.split(".")) or ".0." in n or last in n}
    different = [i for i, b in enumerate(described) if i == 0 or b != described[i - 1]]
    end = config.eos_token_id
    return {"tied": bool(config.tie_word_embeddings), "tensor_count": len(tensors), "tensors": kept,
            "block_count": len(blocks), "blocks": {str(i): described[i] for i in different},
            "padding": model.get_input_embeddings().padding_idx, "context": config.max_position_embeddings,
            "end": end if isinstance(end, list) else [] if end is None else [end]}


def main():
    cases = []
    for model_type, configurations in CASES.items():
        for name, settings in configurations.items():
            text = json.dumps({"model_type": model_type} | settings, indent=1)
            expected = expectation(model_type, json.loads(json.dumps(settings)))
            cases.append({"name": f"{model_type}: {name}", "text": text, "expected": expected})
    lines = ",\n".join(json.dumps(case) for case in cases)
    (FOLDER / "configurations.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
