"""Writes Models/NAME/{config.json, model.safetensors, expected.json}: tiny models with random weights, and what transformers
(for ChatGLM: chatglm.py beside this script) computes with them.

    python make_models.py        needs torch, safetensors and transformers 5.24

Files are as people have them: old spellings, 16 bits, names with or without prefix, buffers that mean nothing, tied tensors
under either name or under both. expected.json: ids [2 × 12], logits of the last four positions, the mean loss of predicting
each next token, and for each tensor the sum and the sum of magnitudes of its gradient, all in f32 from the stored weights.
"""

import json
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import save_file
from torch.nn import functional as F

import chatglm

transformers.utils.logging.set_verbosity_error()
torch.set_num_threads(1)
FOLDER = pathlib.Path(__file__).parent / "Models"
SMALL = dict(vocab_size=41, hidden_size=24, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, pad_token_id=0, eos_token_id=2, rms_norm_eps=1e-3)


def small(**keys):
    return SMALL | keys


def buffers(n, layers):
    """What GPT-2's old files hold beside their weights."""
    mask = torch.ones(n, n, dtype=torch.uint8).tril()[None, None]
    return {f"h.{i}.attn.bias": mask for i in range(layers)} | {
        f"h.{i}.attn.masked_bias": torch.tensor(-1e4) for i in range(layers)}


def bare(weights):
    return {name.removeprefix("model.").removeprefix("transformer."): t for name, t in weights.items()}


# Name → model_type, settings, the files' dtype, what becomes of the files' tensors.
CASES = {
    "gpt2": ("gpt2", dict(vocab_size=41, n_embd=24, n_layer=2, n_head=4, n_positions=16, n_inner=50, resid_pdrop=0.0,
                          embd_pdrop=0.0, attn_pdrop=0.0, scale_attn_by_inverse_layer_idx=True, layer_norm_epsilon=1e-3),
             torch.float32, lambda w: bare(w) | buffers(16, 2)),
    "llama": ("llama", small(rope_theta=1e4, torch_dtype="float16", rope_scaling=dict(
        type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=24)),
              torch.float16, lambda w: w | {f"model.layers.{i}.self_attn.rotary_emb.inv_freq": torch.ones(3)
                                            for i in range(2)}),
    "mistral": ("mistral", small(head_dim=10, sliding_window=5, rope_theta=1e6), torch.bfloat16, lambda w: w),
    "qwen2": ("qwen2", small(tie_word_embeddings=True, use_sliding_window=True, sliding_window=4, max_window_layers=1,
                             rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=16)),
              torch.float32, lambda w: {"lm_head.weight": w["model.embed_tokens.weight"]} | {
                  n: t for n, t in bare(w).items() if n != "embed_tokens.weight"}),
    "qwen3": ("qwen3", small(head_dim=10, attention_bias=True, tie_word_embeddings=True), torch.bfloat16,
              lambda w: w | {"lm_head.weight": w["model.embed_tokens.weight"].clone()}),
    "gemma3": ("gemma3_text", small(head_dim=10, num_hidden_layers=3, sliding_window=4, sliding_window_pattern=2,
                                    rope_theta=2e5, rope_local_base_freq=3e3, query_pre_attn_scalar=20,
                                    rope_scaling=dict(rope_type="linear", factor=8.0), final_logit_softcapping=3.0),
               torch.float32, lambda w: w),
    "glm": ("glm", small(head_dim=16, rope_parameters=dict(
        rope_type="default", rope_theta=1e4, partial_rotary_factor=0.25)), torch.float32, lambda w: w),
    "glm4": ("glm4", small(head_dim=8, attention_bias=False, tie_word_embeddings=True), torch.float16, lambda w: w),
}


def randomise(model, generator):
    """Norms away from 1, so that their place shows, and weights large enough for logits of some size."""
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            noise = torch.randn(tensor.shape, generator=generator)
            if tensor.ndim == 1: tensor.add_(0.2 * noise)
            else: tensor.copy_(noise * (0.5 if "emb" in name or "wte" in name or "wpe" in name else 1.5 / tensor.shape[-1] ** 0.5))


def expectation(ids, logits, gradients):
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    total = lambda g: [float(g.double().sum()), float(g.double().abs().sum())]
    return {"ids": ids.tolist(), "loss": float(loss), "logits": logits[:, -4:].tolist(),
            "gradients": {name: total(t.grad) for name, t in gradients.items()}}


def write(name, config, weights, expected):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    weights = {n: t.detach().clone().contiguous() for n, t in weights.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    print(f"{name}: loss {expected['loss']:.4f}, logits to {max(map(abs, sum(sum(expected['logits'], []), []))):.1f}")


def pretrained(name, seed):
    model_type, settings, dtype, files = CASES[name]
    generator = torch.Generator().manual_seed(seed)
    config = transformers.AutoConfig.for_model(model_type, **json.loads(json.dumps(settings)))
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    randomise(model, generator)
    model.load_state_dict({n: t.to(dtype).float() for n, t in model.state_dict().items()})
    ids = torch.randint(0, 41, (2, 12), generator=generator)
    expected = expectation(ids, model(input_ids=ids).logits, dict(model.named_parameters()))
    stored = {n: t.to(dtype) for n, t in model.named_parameters()}
    write(name, {"model_type": model_type} | settings, files(stored), expected)


def main():
    for seed, name in enumerate(CASES): pretrained(name, seed + 1)
    for seed, (name, config) in enumerate(chatglm.CASES.items()):
        generator = torch.Generator().manual_seed(seed + 100)
        weights = chatglm.weights(config, generator)
        ids = chatglm.ids(config, generator)
        for tensor in weights.values(): tensor.requires_grad_(True)
        expected = expectation(ids, chatglm.forward(weights, config, ids), weights)
        write(name, config, weights | chatglm.buffers(weights, config), expected)


if __name__ == "__main__":
    main()
