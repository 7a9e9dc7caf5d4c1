"""Writes tiny.gguf beside this script with the format's own implementation, and what it dequantises to.

    python make_gguf.py        (needs gguf and safetensors)
"""
import os
import numpy as np
import gguf
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file

here = os.path.dirname(os.path.abspath(__file__))
random = np.random.default_rng(12)

writer = gguf.GGUFWriter(os.path.join(here, "tiny.gguf"), "llama")
writer.add_uint8("a.u8", 200)
writer.add_int8("a.i8", -100)
writer.add_uint16("a.u16", 60000)
writer.add_int16("a.i16", -30000)
writer.add_uint32("a.u32", 4000000000)
writer.add_int32("a.i32", -2000000000)
writer.add_uint64("a.u64", 2**63 - 1)
writer.add_int64("a.i64", -(2**63))
writer.add_float32("a.f32", 1e-5)
writer.add_float64("a.f64", 0.1)
writer.add_bool("a.bool", True)
writer.add_string("a.string", "Grüße\n\"{}\"")
writer.add_array("tokenizer.ggml.tokens", ["<s>", "", "Ġthe", "ü"])
writer.add_array("tokenizer.ggml.scores", [0.0, -1.5, 2.25])
writer.add_array("tokenizer.ggml.token_type", [3, 1, -1])
writer.add_array("a.bools", [True, False])
writer.add_array("a.lists", [[1, 2], [3, 4]])
writer.add_custom_alignment(64)

expected = {}
for name, shape, kind in [
    ("norm", (5,), Type.F32), ("half", (3, 4), Type.F16), ("brain", (2, 3), Type.BF16), ("three", (2, 2, 3), Type.F32),
    ("q8", (6, 64), Type.Q8_0), ("q4", (6, 96), Type.Q4_0), ("q4m", (8, 64), Type.Q4_1),
]:
    values = random.standard_normal(shape).astype(np.float32)
    stored = gguf.quants.quantize(values, kind)
    writer.add_tensor(name, stored, raw_dtype=kind)
    expected[name] = gguf.quants.dequantize(stored, kind).astype(np.float32).reshape(shape)

writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
save_file(expected, os.path.join(here, "tiny-gguf.safetensors"), metadata={"format": "pt"})
