#!/usr/bin/env python3
"""Writes Seeds/TARGET/*: small files of each kind that the fuzzer begins with. Needs Python alone; some are copies of
the tests' fixtures. Run it anywhere: python3 Tests/Fuzzing/make_seeds.py"""
import base64
import hashlib
import json
import pathlib
import shutil
import struct
import zlib

here = pathlib.Path(__file__).parent
tests = here.parent
seeds = here / "Seeds"


def put(target, name, data):
    folder = seeds / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def dictionary(target, words):
    quoted = "".join('"' + "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else f"\\x{ord(c):02x}" for c in w) + '"\n'
                     for w in words)
    (seeds / f"{target}.dict").write_text(quoted)


def joined(*parts):
    return b"\xff".join(p if isinstance(p, bytes) else p.encode() for p in parts)


# safetensors
def header(tensors, metadata=None):
    text = dict(tensors)
    if metadata:
        text = {"__metadata__": metadata, **text}
    return json.dumps(text, separators=(",", ":"))


def tensor(dtype, shape, start, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


headers = {
    "two": header({"a": tensor("F32", [2, 3], 0, 24), "b.weight": tensor("BF16", [4, 5], 24, 64)}, {"format": "pt"}),
    "types": header({t: tensor(t, [8 // s], 8 * i, 8 * i + 8) for i, (t, s) in enumerate(
        [("F64", 8), ("F32", 4), ("F16", 2), ("I64", 8), ("I32", 4), ("I16", 2), ("U8", 1), ("BOOL", 1)])}),
    "scalar": header({"s": tensor("F64", [], 0, 8), "e": tensor("F32", [0, 7], 8, 8), "r": tensor("U8", [56], 8, 64)}),
    "names": '{"\\u00e9\\n\\ud83d\\ude42":{"shape":[64],"dtype":"U8","data_offsets":[0,64]}}   ',
}
for name, text in headers.items():
    put("safetensors-header", name, text)
    data = bytes(range(64))
    put("safetensors", name, struct.pack("<Q", len(text.encode())) + text.encode() + data)
put("safetensors", "empty", struct.pack("<Q", 2) + b"{}")
words = ["dtype", "shape", "data_offsets", "__metadata__", "F32", "F16", "BF16", "F64", "I64", "U8", "BOOL",
         "18446744073709551615", "9223372036854775807", "4294967296", "-1", "1e3", "\\u0000", "\\ud800"]
for target in ["safetensors", "safetensors-header"]:
    dictionary(target, words)
put("safetensors-index", "two", json.dumps({"metadata": {"total_size": 64}, "weight_map": {
    "a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}))
put("safetensors-index", "nested", '{"x":[1,[2,{"y":null}],-3.5e+7,true,"\\u00e9"],"weight_map":{}}')
dictionary("safetensors-index", ["weight_map", "metadata", "../x", "\\u0000", "\\ud800"])


# GGUF
def gguf_string(text):
    return struct.pack("<Q", len(text.encode())) + text.encode()


def gguf_value(value):
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + gguf_string(value)
    kind, body = (8, [gguf_string(v) for v in value]) if isinstance(value[0], str) else (
        (6, [struct.pack("<f", v) for v in value]) if isinstance(value[0], float)
        else (5, [struct.pack("<i", v) for v in value]))
    return struct.pack("<IIQ", 9, kind, len(value)) + b"".join(body)


def gguf(metadata, tensors):
    head = struct.pack("<IIQQ", 0x46554747, 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        head += gguf_string(key) + gguf_value(value)
    offset, data = 0, b""
    for name, shape, kind, size in tensors:
        head += gguf_string(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", kind, len(data))
        data += bytes(i % 64 for i in range(size)) + bytes(-size % 32)
    return head + bytes(-len(head) % 32) + data


llama = {
    "general.architecture": "llama", "general.alignment": 32, "llama.context_length": 16, "llama.embedding_length": 8,
    "llama.block_count": 1, "llama.feed_forward_length": 16, "llama.attention.head_count": 2,
    "llama.attention.head_count_kv": 1, "llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.rope.freq_base": 1e4,
    "llama.vocab_size": 5, "llama.rope.dimension_count": 4,
}
scores = {
    "tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", "▁a", "b"],
    "tokenizer.ggml.scores": [0.0, 0.0, 0.0, -1.0, -2.0], "tokenizer.ggml.token_type": [2, 3, 3, 1, 1],
    "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.add_bos_token": True,
}
merges = {
    "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": ["a", "b", "ab", "Ġ", "c"],
    "tokenizer.ggml.merges": ["a b"], "tokenizer.ggml.token_type": [1, 1, 1, 1, 4],
}
put("gguf", "scores", gguf({**llama, **scores}, [("token_embd.weight", [8, 5], 0, 160), ("q", [32, 2], 8, 68)]))
put("gguf", "merges", gguf({**llama, **merges}, [("h", [4], 1, 8), ("q4", [32], 2, 18), ("q41", [32], 3, 20)]))
put("gguf", "empty", gguf({}, []))
shutil.copy(tests / "CheckpointsTests/Fixtures/tiny.gguf", seeds / "gguf/tiny")
dictionary("gguf", list(llama) + list(scores) + list(merges) + ["\x09\0\0\0", "\xff\xff\xff\xff\xff\xff\xff\x7f"])


# Tokenizers
def byte_letters():
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    letters, extra = {}, 0
    for byte in range(256):
        letters[byte] = chr(byte) if byte in plain else chr(256 + extra)
        extra += byte not in plain
    return letters


def tokenizer(model, **more):
    text = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
            "pre_tokenizer": None, "post_processor": None, "decoder": None, "model": model, **more}
    return json.dumps(text, separators=(",", ":"))


def added(number, content, **more):
    return {"id": number, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": True, **more}


bpe = {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
       "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": False, "ignore_merges": False,
       "vocab": {"<unk>": 0, "h": 1, "e": 2, "l": 3, "o": 4, "he": 5, "ll": 6, "hell": 7, "Ġ": 8}, "merges":
       ["h e", "l l", "he ll"]}
unigram = {"type": "Unigram", "unk_id": 0, "byte_fallback": False,
           "vocab": [["<unk>", 0], ["▁", -2.5], ["h", -3], ["ello", -4.25], ["▁hello", -1e-3]]}
split = {"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}| ?[^\\s\\p{L}]+|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated",
         "invert": False}
put("tokenizer-json", "bpe", tokenizer(
    bpe, added_tokens=[added(9, "<s>"), added(10, "fox", single_word=True, lstrip=True, normalized=True, special=False)],
    normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"String": "''"},
                                                                      "content": "\""}]},
    pre_tokenizer={"type": "Sequence", "pretokenizers": [
        split, {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}]},
    post_processor={"type": "TemplateProcessing", "single": [
        {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [9], "tokens": ["<s>"]}}},
    decoder={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}))
put("tokenizer-json", "unigram", tokenizer(
    unigram, normalizer={"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        {"type": "Lowercase"}, {"type": "NFKC"}, {"type": "Strip", "strip_left": True, "strip_right": False}]},
    pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True},
    decoder={"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}))
put("tokenizer-json", "digits", tokenizer(
    {**bpe, "byte_fallback": True, "vocab": {**bpe["vocab"], "<0x41>": 9}},
    pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": True}, {"type": "Whitespace"}, {"type": "Punctuation"},
        {"type": "CharDelimiterSplit", "delimiter": "-"}]}))
words = ["Sequence", "normalizers", "pretokenizers", "decoders", "processors", "Replace", "Regex", "String", "Split",
         "behavior", "MergedWithPrevious", "Contiguous", "Removed", "Unigram", "WordPiece", "ByteFallback", "Precompiled",
         "precompiled_charsmap", "BertNormalizer", "RobertaProcessing", "cls", "sep", "\\ud83d", "1e999", "-0",
         "2147483648", "4194304", "merges", "vocab", "byte_fallback", "ignore_merges", "end_of_word_suffix"]
dictionary("tokenizer-json", words)


def varint(value):
    out = b""
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, bool) or isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def pieces(more):
    all_pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), ("▁", -1.0, 1), ("▁he", -2.0, 1), ("l", -3.0, 1),
                  ("o", -3.5, 1), ("llo", -2.5, 1), ("x", 0.0, 4), ("u", 0.0, 5)] + more
    return b"".join(field(1, field(1, t) + field(2, s) + field(3, k)) for t, s, k in all_pieces)


def charsmap():
    """One rule in a double array: "a" → "b"."""
    units = [0] * 128
    units[0] = 1 << 10                      # root
    units[1 ^ ord("a")] = ord("a") | (2 << 10) | (1 << 8)
    units[(1 ^ ord("a")) ^ 2] = 1 << 31
    trie = struct.pack(f"<{len(units)}I", *units)
    return struct.pack("<I", len(trie)) + trie + b"b\0"


normal = field(3, field(1, "identity") + field(3, 1) + field(4, 1) + field(5, 1))
put("sentencepiece", "unigram", pieces([]) + field(2, field(3, 1)) + normal)
put("sentencepiece", "bpe", pieces([]) + field(2, field(3, 2) + field(44, " ? ")) + normal)
all_bytes = [(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)]
put("sentencepiece", "bytes", pieces(all_bytes) + field(2, field(3, 2) + field(35, 1)) + normal)
put("sentencepiece", "charsmap", pieces([]) + field(2, field(3, 1)) + field(3, field(2, charsmap())))
put("sentencepiece", "suffix", pieces([]) + field(2, field(3, 1) + field(24, 1)) + field(3, field(3, 0)))
put("ranks", "bytes", b"".join(
    base64.b64encode(t) + f" {i}\n".encode() for i, t in enumerate([bytes([b]) for b in range(256)] + [b"he", b"ll", b"hell"])))
put("ranks", "short", b"IQ== 0\nIg== 1\n")
vocabulary = {letter: i for i, letter in enumerate(byte_letters().values())}
vocabulary.update({"he": 256, "ll": 257, "<|endoftext|>": 258})
put("vocabulary", "gpt2", joined(json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")),
                                 "#version: 0.2\nh e\nl l\n", json.dumps({"tokenizer_class": "GPT2Tokenizer"})))
put("vocabulary", "qwen2", joined(json.dumps({"a": 0, "b": 1, "ab": 2}), "a b\n", json.dumps(
    {"tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": True, "added_tokens_decoder":
     {"3": {"content": "<|im_end|>", "lstrip": False, "rstrip": True, "normalized": False, "single_word": False,
            "special": True}}})))
for i, text in enumerate([
        "'s|'t|'re| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
        "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]",
        "(a+)+$|(?:x{2,5}){3,}?|[^a-z]|\\u00e9|^.", "(?>a|ab)(?=c)[\\d\\-]"]):
    put("pattern", str(i), text)
dictionary("pattern", ["(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "\\p{L}", "\\P{Lu}", "\\p{Han}", "[^", "&&",
                       "{1,1000}", "{,5}", "*+", "??", "\\x{10FFFF}", "[[:space:]]", "\\S", "$"])
chosen = [p["template"] for p in json.loads((tests / "TokenizersTests/Fixtures/Chat/pieces.json").read_text())["pieces"]]
for i, text in enumerate(chosen[:: max(1, len(chosen) // 40)][:40]):
    put("chat-template", f"piece-{i:02}", text)
put("chat-template", "chatml", "{%- for message in messages -%}{{- '<|im_start|>' + message.role + '\\n' + "
    "message['content'] | trim + '<|im_end|>' -}}{%- endfor -%}{%- if add_generation_prompt %}{{ 'x' }}{% endif -%}")
put("chat-template", "macro", "{% macro f(a, b=1) %}{{ a * b }}{{ caller() }}{% endmacro %}{% set ns = namespace(x=0) %}"
    "{% for k, v in {'a': [1, 2.5]}.items() if v %}{% set ns.x = ns.x + loop.index %}{{ f(k, 3) ~ v[0:][::-1] }}"
    "{% else %}{{ raise_exception('no') }}{% endfor %}{{ strftime_now('%Y-%m-%d') }}{{ range(3) | join(',') }}")
dictionary("chat-template", ["{%", "%}", "{{", "}}", "{#", "#}", "-%}", "for ", " in ", "endfor", "if ", "elif ", "else",
           "endif", "set ", "endset", "macro ", "endmacro", "call ", "filter ", "generation", "break", "continue", "loop.",
           "namespace(", "range(", "|tojson", "|join", "|trim", "|replace(", "|length", "|list", "|items", "|default(",
           "is defined", "is mapping", "not in", "**", "//", "messages", ".split(", ".strip(", "'\\n'", "[::-1]", "[-1]",
           "999999999999", "|indent(", "|selectattr(", "|map(", "strftime_now(", "raise_exception(", "~", " recursive"])

# Datasets
put("samples", "three", '{"input_ids":[5,6,7],"labels":[-100,6,7]}\n{"input_ids": [1, 2], "attention_mask": [1, 1]}\n\n'
    '{"text": "\\u00e9", "input_ids":[0,99]}\n')
put("samples", "bad", '{"input_ids":[5,6,700],"labels":[6]}\r\n[]\n')
dictionary("samples", ["input_ids", "labels", "attention_mask", "-100", "2147483647", "null", "\\u0000", "loss_mask"])
put("records", "jsonl", b"\0" + b'{"prompt":"a","response":"b\\n","history":[["q","r"]]}\n{"prompt":"c","response":""}\n')
put("records", "messages", b"\0" + b'{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}\n'
    b'{"conversations":[{"from":"human","value":"hi"},{"from":"gpt","value":"ho"}]}\n')
put("records", "alpaca", b"\0" + b'{"instruction":"do","input":"x","output":"y"}\n{"text":"\\ud83d\\ude42"}\n')
put("records", "csv", b"\1" + b'prompt,response\n"a ""b""\nc",d\nx,\n')
put("records", "tsv", b"\2" + b"text\nline one\nline two\n")
put("records", "text", b"\3" + "one\n\n  two\nlines\n\n\nthree é\n".encode())
dictionary("records", ["prompt", "response", "history", "messages", "conversations", "role", "content", "from", "value",
                       "system", "user", "assistant", "instruction", "input", "output", "text", "\\ud800", "\n\n", '""'])
lengths, starts = [3, 5, 0], [0, 6, 16]
put("token-index", "u16", b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, 8, 3, 4) + struct.pack("<3i", *lengths)
    + struct.pack("<3q", *starts) + struct.pack("<4q", 0, 1, 2, 3))
put("token-index", "i32", b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, 4, 1, 2) + struct.pack("<iq", 4, 8)
    + struct.pack("<2q", 0, 1))
bins = [{"from": 2, "to": 2, "samples": 1}, {"from": 4, "to": 4, "samples": 1}]
words_of_shard = b"".join(bytes([1, 0, 0, counts << 7]) for counts in [0, 1, 0, 1, 1, 1])
places = struct.pack("<3Q", 0, 2, 6)
shard = {"name": "00000", "samples": 2, "tokens": 6, "counted": 4, "longest": 4, "truncated": 0,
         "tokens_sha256": hashlib.sha256(words_of_shard).hexdigest(), "index_sha256": hashlib.sha256(places).hexdigest(),
         "histogram": []}
manifest = {"format": "echelon shards", "version": 1, "tokenizer": {
    "kind": "bytes", "hash": "0", "vocabulary": 256, "end": 10}, "template": {"name": "none", "hash": "0"},
    "settings": {"shard_samples": 65536, "longest": 32}, "inputs": [{"path": "a.jsonl", "bytes": 9, "modified": 1}],
    "shards": [shard], "samples": 2, "tokens": 6, "counted": 4, "longest": 4, "truncated": 0,
    "skipped": {"count": 1, "first": ["a.jsonl:3: no"]}, "histogram": []}
put("shards", "one", joined(json.dumps(manifest), places))
put("shards", "bins", joined(json.dumps({**manifest, "histogram": bins, "shards": [{**shard, "histogram": bins}]}),
                             struct.pack("<3Q", 0, 4, 6)))
dictionary("shards", ["9223372036854775807", "-1", "281474976710656", "samples", "tokens", "histogram", "longest"])

# Manifests
model = ("model:\n  layers:\n  - embedding: {vocab: 16, width: 8, positions: 8}\n  - repeat: 2\n    layers:\n"
         "    - transformer: {width: 8, heads: 2}\n  - layer-norm: {width: 8}\n  - linear: {in: 8, out: 16, bias: false}\n"
         "  loss: cross-entropy\n")
put("manifest", "small", joined(model + "devices: [cpu:0, cpu:1]\nbatch: {micro: 1, microbatches: 2}\n"
    "data: {random: 65, sequence: 8}\nsteps: 2\n", "steps=3\nmodel.layers.3.linear.out=16\ndevices.0=cpu:1\n"))
put("manifest", "full", joined(model + """devices: [cpu:0, cpu:1, cpu:0, cpu:1]
name: x
memory: [1GiB, 2GiB, 3GiB, 4GiB]
partition: {cuts: [1, 2, 3]}
schedule: interleaved
virtual: 1
batch: {micro: 2, global: 8}
precision: {f16: {initial_scale_power: 10}}
recompute: {every: 2}
optimizer: {adamw: {lr: 1e-3, betas: [0.9, 0.99], weight_decay: 0.1}}
groups: [{match: "bias$", weight_decay: 0}]
learning_rate: {warmup: 1, decay: cosine, minimum: 1e-4}
clip: 1.0
on_nan: {rewind: 3}
deadlines: {load: 60, step: 30}
data: {samples: x.jsonl, pack: true, sequence: 8, order: sequential}
evaluate: {data: {random: 64}, every: 1, samples: 3}
steps: 2
seed: 18446744073709551615
weights: x.safetensors
log_every: 1
events: 1MiB
metrics: [csv]
by_hand: [1]
checkpoint: {every: 10m, keep_last: 2, keep_every: 5}
restart: {attempts: 2, window: 1h}
""", ""))
put("manifest", "sim", joined(model + "devices: [sim:0, sim:1]\nsim: {gflops: 1.5, slow: {stage: 0, ms: 3, every: 2}, link: "
    "{from: 0, to: 1, ms: 2}, read_ms: 1}\nbatch: {microbatches: 4, global: 8}\ndata: {text: [a, b], tokenizer: bytes, "
    "sequence: 8}\nsteps: 2\npartition: 'type:transformer'\nschedule: {ranks: ['0F0 0F1 0B0 0B1', '1F0 1B0 1F1 1B1'], name: y}\n",
    "schedule=zb-h1\nsim.layer_ms=2\n"))
put("manifest", "lora", joined(model + "devices: [cpu:0]\nlora: {rank: 2, alpha: 4, dropout: 0.1, rslora: true, targets: "
    "'qkv'}\nbatch: {micro: 1, microbatches: 1}\ndata: {tokens: x.bin, type: i32, sequence: 8}\nsteps: 1\n", ""))
put("manifest", "rows", joined("model:\n  layers:\n  - linear: {in: 4, out: 6}\n  - gelu: tanh\n  - split: 2\n  - add\n"
    "  - stash: a\n  - relu\n  - pop: a\n  - concatenate\n  - reshape: [6]\n  - dropout: 0.5\n  loss: mean-squared-error\n"
    "devices: [cpu:0-3]\nbatch: {micro: 1, microbatches: 1}\ndata: {rows: x.f32, inputs: 4, targets: 6}\nsteps: 1\n", ""))
words = (pathlib.Path(here.parent.parent / "Sources/Manifests/Schema.swift").read_text().split('"'))[1::2]
dictionary("manifest", sorted({w for w in words if w.replace("_", "").isalnum()} | {
    "&a ", "*a", "<<: ", "!!str ", "? ", "|-\n", "---\n", "%YAML 1.2\n", "null", "~", ".inf", ".nan", "1e400", "0x7f",
    "1_000", "9223372036854775808", "1048576", "transformer: ", "attention: ", "rms-norm: ", "gated-mlp: ", "rotary: ",
    "stash: ", "pop: ", "repeat: ", "sgd: ", "adam: ", "lion: ", "zb-v", "v-half", "cpu:0-3", "sim:9", "16EiB", "\\u0000"}))
for folder in sorted((tests / "FamiliesTests/Fixtures/Models").iterdir()):
    put("config", folder.name, (folder / "config.json").read_bytes())
words = set()
for path in (seeds / "config").iterdir():
    words |= set(json.loads(path.read_text()))
dictionary("config", sorted(words) + ["null", "true", "[]", "{}", "-1", "0", "1e308", "2147483648", "9223372036854775807",
           "yarn", "llama3", "linear", "dynamic", "longrope", "sliding_attention", "full_attention"])
for folder in sorted((tests / "FamiliesTests/Fixtures/Adapters").iterdir()):
    put("adapter-config", folder.name, (folder / "adapter_config.json").read_bytes())
dictionary("adapter-config", ["target_modules", "all-linear", "lora_alpha", "use_rslora", "(?:", "*", "\\\\", "1e400"])

# Schedules
put("schedule", "1f1b", "0F0 0F1 0B0 0F2 0B1 0F3 0B2 0B3\n1F0 1B0 1F1 1B1 1F2 1B2 1F3 1B3\n")
put("schedule", "zb", "# a comment\n0F0,0F1,0I0,0W0,,0I1 0W1\n1F0 1I0 1F1 1I1 1W0 1W1\n")
put("schedule", "virtual", "0F0 2F0 2B0 0B0\n1F0 3F0 3B0 1B0\n")
put("schedule", "deadlock", "0F0 0B0 0F1 0B1\n1F1 1B1 1F0 1B0\n")
dictionary("schedule", ["0F0", "1B0", "2I1", "3W1", "\n", "#", "9223372036854775807F0", "0F9223372036854775807"])


# Messages
def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frame(kind, dimensions, extents, payload):
    head = struct.pack("<IHBBQIIIIQIIQQQ8QI", 0x4D524645, 2, kind, 0, 77, 1, 0, 1, 3, 7, 2, dimensions | 1 << 8, 5, payload,
                       123456, *(extents + [0] * (8 - len(extents))), 99)
    return head + struct.pack("<I", crc32c(head))


put("frame-header", "activation", frame(1, 2, [4, 16], 256))
put("frame-header", "credit", frame(3, 0, [], 0))


def text(value):
    return struct.pack("<H", len(value.encode())) + value.encode()


def control(kind, body=b"", run=77):
    return struct.pack("<IHBQ", 0x4C544345, 5, kind, run) + body


def socket(link, source, destination, role):
    return struct.pack("<IIIIIQB", link, source, destination, 4, 1, 4096, role) + text("tcp://127.0.0.1:1")


def hello(rank):
    mine = [socket(0, 0, 1, rank == 0), socket(1, 1, 0, rank == 1)]
    return control(1, struct.pack("<Ii", rank, 100 + rank) + text("host") + struct.pack("<H", 1) + text("x")
                   + struct.pack("<H", 2) + b"".join(mine), run=0)


messages = {
    "hello": hello(0), "ready": control(2), "failure": control(4, struct.pack("<i", 64) + text("a.yaml:1:2: no")),
    "goodbye": control(5), "refused": control(6, text("no")), "peers": control(7, struct.pack("<H", 1) + socket(0, 0, 1, 0)),
    "go": control(8), "abort": control(9, text("it ends") + struct.pack("<H", 3) + b"abc"), "application": control(10, b"\0abc"),
    "status": control(3, struct.pack("<QQ", 7, 3) + text("0F3") + struct.pack("<QQ", 9, 0) + b"\2"
                      + struct.pack("<IBQII", 1, 1, 7, 3, 0) + b"\2"
                      + struct.pack("<IBQQIIIQB", 1, 0, 9, 8, 1, 3, 4, 5000, 1) + struct.pack("<BQII", 1, 7, 2, 0)
                      + struct.pack("<IBQQIIIQB", 1, 1, 9, 9, 0, 4, 4, 0, 0)), "ping":
    control(12, struct.pack("<Q", 5)), "pong": control(13, struct.pack("<QQ", 5, 6))}
for name, data in messages.items():
    put("control-message", name, data)
put("rendezvous", "two", b"".join(bytes([peer, len(data)]) + data for peer, data in [
    (0, hello(0)), (1, hello(1)), (0, control(2)), (1, control(2)), (2, control(5))]))


def worker(kind, *words):
    return bytes([kind]) + b"".join(struct.pack("<Q", w) if isinstance(w, int) else w for w in words)


def optional(value):
    return struct.pack("<Bd", value is not None, value or 0.0)


def event(kind, letter, stage, micro, step, start, end, peer=0xFFFFFFFF, sent=0, count=0):
    return struct.pack("<BBHiiIQQQQQ", kind, ord(letter) if letter else 0, 0, stage, micro, peer, step, start, end, sent,
                       count)


number = struct.pack("<d", 1e-3)
put("worker-message", "step", worker(1, 7, optional(2.5), optional(64.0), number, 1000, 2000, 500, optional(None), b"\0", 4096))
put("worker-message", "work", worker(1, 7, optional(None), optional(None), number, 1, 2, 1, optional(2.0), b"\1", 1, 8, 9, 10, number))
put("worker-message", "events", worker(2, event(0, "F", 0, 1, 3, 10, 20)))
put("worker-message", "weights", worker(3, 4096))
put("worker-message", "squares", worker(4, 7, b"\1", number, number))
put("worker-message", "diverged", worker(5, 7, b"\3", 1, 2, 0, b"\1"))
put("worker-message", "evaluated", worker(6, 7, optional(2.0), optional(8.0), 99))
put("worker-message", "best", worker(7, 7, 4096))
put("worker-message", "begin", worker(3, 0, 10, 18, b"/tmp/w.safetensors", b"\0", 4, 1))
put("worker-message", "begin-kept", worker(3, 7, 10, 0, b"\2", 2, b"{}", b"\1", 1, 2, 1, 1, 8, b"3.weight"))
put("worker-message", "kept", worker(10, 1, 8, 2, b"{}", 2, 7, 8))

# What a run leaves
def steps(rank, count):
    out = b"ECHEVENT" + struct.pack("<IIqQII", 2, rank, -5, 3, 5, 4) + b"cpu:0" + b"here"
    for step in range(count):
        t = 1000 + 1000 * step
        for micro in range(2):
            if rank == 1:
                out += event(8, "F", 1, micro, step, t, t + 50, peer=0, sent=t + 40, count=64)
            out += event(0, "F", rank, micro, step, t + 50, t + 150)
            if rank == 0:
                out += event(8, "B", 0, micro, step, t + 150, t + 200, peer=1, sent=t + 190, count=64)
            out += event(1, "B", rank, micro, step, t + 200, t + 350)
            t += 350
        out += event(5, "", 0, 0, step, t, t + 50)
    out += struct.pack("<B11xIQQQQQ", 255, 0xFFFFFFFF, 0, 5000, 5000, 5010, 3)
    return out


def halves(a, b):
    size = max(len(a), len(b))
    return a + b if len(a) == len(b) else a.ljust(size, b"\0") + b.ljust(size, b"\0")


put("events", "one", halves(steps(0, 1), steps(1, 1)))
put("events", "two", halves(steps(0, 2), steps(1, 2)))
run = {"version": 1, "name": "x", "schedule": "1f1b", "micro_batches": 2, "stages": [
    {"rank": 0, "first_layer": 0, "layers": ["linear"]}, {"rank": 1, "first_layer": 1, "layers": ["linear"],
                                                         "layer_costs": [1.5]}],
    "devices": ["cpu:0", "cpu:1"], "tokens_per_step": 64, "flops_per_token": 1e6, "peak_flops": 1e11,
    "started_at": "2025-01-01T00:00:00Z"}
metrics = ('{"step":1,"loss":2.5,"lr":0.001,"grad_norm":null,"grad_norm_text":"nan","tokens":64,"tokens_per_s":10.5,"step_s":0.1,'
           '"bubble_fraction":0.2,"loss_scale":null,"skipped":false,"peak_bytes":[1,2],"padding":0.1}\n')
evaluation = '{"step":0,"loss":5.5,"tokens":10,"samples":2,"seconds":0.1,"best":true}\n'
live = {"version": 1, "name": "x", "state": "running", "steps": 10, "metrics": json.loads(metrics), "tokens": 5,
        "updated_at": 1e9, "ranks": [{"rank": 0, "device": "cpu:0", "step": 1, "instruction": "0F1", "phase": "computing",
                                      "bubble_fraction": 0.5, "peak_bytes": 4096}]}
put("run-files", "all", joined(json.dumps(run), metrics, evaluation, json.dumps(live)))
put("run-files", "metrics", metrics * 3)
dictionary("run-files", ["loss_text", '"inf"', "nan", "1e999", "-1", "9223372036854775807", "peak_bytes", "layer_costs"])
put("http-request", "get", "GET /?token=abc HTTP/1.1\r\nHost: localhost:8080\r\nCookie: a=b; echelon-8080=x\r\n\r\n")
put("http-request", "head", "HEAD /metrics HTTP/1.0\nhost: [::1]:8080\n\n")
print(sum(p.stat().st_size for p in seeds.rglob("*") if p.is_file()), "bytes in", seeds)
