"""Writes GGUF/{llama,qwen2,qwen3}.gguf with the format's own implementation: the weights of Models/NAME as GGUF files hold
them, a Llama's q and k with their rows in llama.cpp's order.

    python make_gguf.py        needs gguf, torch and safetensors; after make_models.py
"""

import json
import math
import pathlib

import gguf
import numpy
import torch
from safetensors import safe_open

FOLDER = pathlib.Path(__file__).parent
OUTER = {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}
INNER = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
         "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
         "self_attn.k_norm": "attn_k_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
         "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def name(tensor):
    parts = tensor.removeprefix("model.").split(".")
    if parts[0] != "layers": return f"{OUTER[parts[0]]}.{parts[-1]}"
    return f"blk.{parts[1]}.{INNER['.'.join(parts[2:-1])]}.{parts[-1]}"


def side_by_side(rows, heads):
    """The two numbers of a rotary pair, i and i + width / 2, as neighbours."""
    width = rows.shape[0] // heads
    return rows.reshape(heads, 2, width // 2, -1).transpose(1, 2).reshape(rows.shape)


def factors(width, base, factor, low=1.0, high=4.0, original=8192):
    """What Llama 3 divides each frequency by."""
    result = []
    for i in range(0, width, 2):
        wavelength = 2 * math.pi * base ** (i / width)
        share = (original / wavelength - low) / (high - low)
        share = min(max(share, 0.0), 1.0)
        result.append(1 / ((1 - share) / factor + share))
    return numpy.array(result, dtype=numpy.float32)


def write(family, rotation):
    config = json.loads((FOLDER / "Models" / family / "config.json").read_text())
    writer = gguf.GGUFWriter(FOLDER / "GGUF" / f"{family}.gguf", family)
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(groups)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    if "head_dim" in config:
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_eot_token_id(5)
    writer.add_pad_token_id(config["pad_token_id"])
    rotation(writer)
    with safe_open(FOLDER / "Models" / family / "model.safetensors", "pt") as file:
        tensors = {n: file.get_tensor(n).float() for n in file.keys() if not n.endswith("inv_freq")}
    tied = config.get("tie_word_embeddings", False)
    if tied and "model.embed_tokens.weight" not in tensors: tensors["model.embed_tokens.weight"] = tensors["lm_head.weight"]
    if tied: tensors.pop("lm_head.weight", None)
    for tensor, values in tensors.items():
        if family == "llama" and ".q_proj." in tensor: values = side_by_side(values, heads)
        if family == "llama" and ".k_proj." in tensor: values = side_by_side(values, groups)
        writer.add_tensor(name(tensor), values.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def llama(writer):
    writer.add_rope_freq_base(5e5)
    writer.add_rope_dimension_count(6)
    writer.add_tensor("rope_freqs.weight", factors(6, 5e5, 8.0))


def qwen2(writer):
    writer.add_rope_freq_base(1e4)
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(4.0)
    writer.add_rope_scaling_orig_ctx_len(16)


def qwen3(writer):
    writer.add_rope_freq_base(1e6)
    writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(2.0)


if __name__ == "__main__":
    (FOLDER / "GGUF").mkdir(exist_ok=True)
    for family, rotation in [("llama", llama), ("qwen2", qwen2), ("qwen3", qwen3)]: write(family, rotation)
