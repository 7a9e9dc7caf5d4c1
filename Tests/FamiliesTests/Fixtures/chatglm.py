"""ChatGLM-6B, and ChatGLM2 and 3, in plain PyTorch: tiny configurations, random weights, logits. For make_models.py."""

import math

import torch
from torch.nn import functional as F

CASES = {
    "chatglm": dict(model_type="chatglm", hidden_size=24, inner_hidden_size=40, num_layers=2, num_attention_heads=3,
                    vocab_size=41, layernorm_epsilon=1e-3, position_encoding_2d=True, mask_token_id=30,
                    gmask_token_id=31, bos_token_id=33, eos_token_id=34, pad_token_id=3, max_sequence_length=64),
    "chatglm2": dict(model_type="chatglm", hidden_size=24, ffn_hidden_size=20, num_layers=2, num_attention_heads=3,
                     kv_channels=8, multi_query_attention=False, add_qkv_bias=True, padded_vocab_size=41,
                     layernorm_epsilon=1e-3, seq_length=64, original_rope=True, rmsnorm=True),
    "chatglm3": dict(model_type="chatglm", hidden_size=24, ffn_hidden_size=20, num_layers=2, num_attention_heads=4,
                     kv_channels=12, multi_query_attention=True, multi_query_group_num=2, add_qkv_bias=True,
                     padded_vocab_size=41, layernorm_epsilon=1e-3, seq_length=64, rope_ratio=50, eos_token_id=2),
}
# A prompt, the mark, the beginning of the answer: one row has the general mark, the other only the one in the sentence.
ROWS = [[5, 9, 4, 11, 31, 33, 7, 8, 21, 6, 34, 3], [5, 30, 12, 30, 33, 7, 8, 21, 6, 34, 3, 3]]


def is_first(config):
    return "inner_hidden_size" in config


def weights(config, generator):
    """Under the names of the published files."""
    h, layers = config["hidden_size"], config["num_layers"]
    first, inner = is_first(config), config.get("inner_hidden_size") or config["ffn_hidden_size"]
    vocabulary = config["vocab_size"] if first else config["padded_vocab_size"]
    head = h // config["num_attention_heads"] if first else config["kv_channels"]
    heads = config["num_attention_heads"]
    groups = config["multi_query_group_num"] if config.get("multi_query_attention") else heads
    prefix, attention = ("transformer.layers", "attention") if first else ("transformer.encoder.layers", "self_attention")
    shapes = {("transformer." if first else "transformer.embedding.") + "word_embeddings.weight": (vocabulary, h)}
    for i in range(layers):
        p = f"{prefix}.{i}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            shapes[p + norm + ".weight"] = (h,)
            if first: shapes[p + norm + ".bias"] = (h,)
        for name, out, size, bias in [
                (attention + ".query_key_value", (heads + 2 * groups) * head, h, True),
                (attention + ".dense", h, heads * head, first),
                ("mlp.dense_h_to_4h", inner if first else 2 * inner, h, first), ("mlp.dense_4h_to_h", h, inner, first)]:
            shapes[p + name + ".weight"] = (out, size)
            if bias: shapes[p + name + ".bias"] = (out,)
    last = "transformer." if first else "transformer.encoder."
    shapes[last + "final_layernorm.weight"] = (h,)
    if first: shapes[last + "final_layernorm.bias"] = (h,)
    else: shapes["transformer.output_layer.weight"] = (vocabulary, h)
    return {name: random(name, shape, generator) for name, shape in shapes.items()}


def random(name, shape, generator):
    noise = torch.randn(shape, generator=generator)
    if len(shape) == 1: return (1.0 if "norm.weight" in name else 0.0) + 0.2 * noise
    return noise * (0.5 if "embeddings" in name else 1.5 / shape[1] ** 0.5)


def ids(config, generator):
    return torch.tensor(ROWS) if is_first(config) else torch.randint(0, 41, (2, 12), generator=generator)


def buffers(weights, config):
    if not is_first(config): return {"transformer.rotary_pos_emb.inv_freq": torch.ones(3)}
    embedding = weights["transformer.word_embeddings.weight"]
    return {"lm_head.weight": embedding.clone()} | {
        f"transformer.layers.{i}.attention.rotary_emb.inv_freq": torch.ones(2).half() for i in range(config["num_layers"])}


def forward(w, config, ids):
    return (first if is_first(config) else later)(w, config, ids)


def attend(q, k, v, seen):
    score = torch.einsum("bihd,bjhd->bhij", q, k) / math.sqrt(q.shape[-1])
    share = score.masked_fill(~seen, -math.inf).softmax(-1)
    return torch.einsum("bhij,bjhd->bihd", share, v).flatten(2)


def turned(a, b, angle):
    """Pairs (a, b), turned."""
    return a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()


def first(w, config, ids):
    heads, n = config["num_attention_heads"], ids.shape[1]
    d = config["hidden_size"] // heads
    p, b, prefix = torch.zeros(2, n), torch.zeros(2, n), []
    for row, tokens in enumerate(ids.tolist()):
        start = tokens.index(config["bos_token_id"])
        mark = config["gmask_token_id"] if config["gmask_token_id"] in tokens else config["mask_token_id"]
        for i in range(n):
            p[row, i] = i if i < start else tokens.index(mark)
            b[row, i] = max(0, i - start + 1)
        prefix.append(start)
    at = torch.arange(n)
    seen = ((at[None] <= at[:, None])[None] | (at[None, None] < torch.tensor(prefix)[:, None, None]))[:, None]
    frequency = (1 / 10000 ** (torch.arange(0, d // 2, 2) / (d // 2))).half().float()

    def turn(x):
        halves = []
        for part, position in zip(x.chunk(2, -1), (p, b)):
            angle = (position[..., None] * frequency)[:, :, None]
            halves += turned(*part.chunk(2, -1), angle)
        return torch.cat(halves, -1)

    norm = lambda x, name: F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], config["layernorm_epsilon"])
    linear = lambda x, name: F.linear(x, w[name + ".weight"], w[name + ".bias"])
    x = w["transformer.word_embeddings.weight"][ids]
    scale = math.sqrt(2 * 28)
    for i in range(config["num_layers"]):
        name = f"transformer.layers.{i}."
        x = norm(x, name + "input_layernorm")
        q, k, v = linear(x, name + "attention.query_key_value").unflatten(-1, (heads, 3 * d)).split(d, -1)
        x = scale * x + linear(attend(turn(q), turn(k), v, seen), name + "attention.dense")
        x = norm(x, name + "post_attention_layernorm")
        inner = F.gelu(linear(x, name + "mlp.dense_h_to_4h"), approximate="tanh")
        x = scale * x + linear(inner, name + "mlp.dense_4h_to_h")
    return F.linear(norm(x, "transformer.final_layernorm"), w["transformer.word_embeddings.weight"])


def later(w, config, ids):
    heads, d, n = config["num_attention_heads"], config["kv_channels"], ids.shape[1]
    groups = config["multi_query_group_num"] if config["multi_query_attention"] else heads
    base = 10000.0 * config.get("rope_ratio", 1)
    angle = (torch.arange(n)[:, None] * (1 / base ** (torch.arange(0, d // 2, 2) / (d // 2))))[None, :, None]
    seen = torch.ones(n, n, dtype=torch.bool).tril()
    norm = lambda x, name: x * (x.pow(2).mean(-1, keepdim=True) + config["layernorm_epsilon"]).rsqrt() * w[name + ".weight"]

    def turn(x):
        part, rest = x.split(d // 2, -1)
        return torch.cat([torch.stack(turned(part[..., 0::2], part[..., 1::2], angle), -1).flatten(-2), rest], -1)

    x = w["transformer.embedding.word_embeddings.weight"][ids]
    for i in range(config["num_layers"]):
        name = f"transformer.encoder.layers.{i}."
        y = norm(x, name + "input_layernorm")
        fused = "self_attention.query_key_value"
        qkv = F.linear(y, w[name + fused + ".weight"], w[name + fused + ".bias"])
        if config["multi_query_attention"]:
            q, k, v = (t.unflatten(-1, (-1, d)) for t in qkv.split([heads * d, groups * d, groups * d], -1))
        else:
            q, k, v = qkv.unflatten(-1, (heads, 3 * d)).split(d, -1)
        k, v = (t.repeat_interleave(heads // groups, 2) for t in (k, v))
        x = x + F.linear(attend(turn(q), turn(k), v, seen), w[name + "self_attention.dense.weight"])
        y = norm(x, name + "post_attention_layernorm")
        gate, up = F.linear(y, w[name + "mlp.dense_h_to_4h.weight"]).chunk(2, -1)
        x = x + F.linear(F.silu(gate) * up, w[name + "mlp.dense_4h_to_h.weight"])
    return F.linear(norm(x, "transformer.encoder.final_layernorm"), w["transformer.output_layer.weight"])
