"""Writes the safetensors files beside this script with the format's own implementation.

    python make.py        (needs torch and safetensors)
"""
import os
import torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
values = torch.arange(6, dtype=torch.float64).reshape(2, 3) / 4 - 0.5

# Every element type, a scalar, an empty tensor, and names that need escapes.
save_file({
    "f64": torch.tensor([0.1, -2.5, 1e300], dtype=torch.float64),
    "f32": values.to(torch.float32),
    "f16": torch.cat([values.flatten(), torch.tensor([65504.0, 2.0**-24, float("inf")])]).to(torch.float16),
    "bf16": values.to(torch.bfloat16),
    "i64": torch.tensor([-(2**63), 2**63 - 1]),
    "i32": torch.tensor([[-1], [7]], dtype=torch.int32),
    "i16": torch.tensor([-300, 300], dtype=torch.int16),
    "i8": torch.tensor([-3, 3, 5], dtype=torch.int8),
    "u8": torch.tensor([0, 255], dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "scalar": torch.tensor(3.5),
    "empty": torch.zeros(0, 4),
    "quote \" backslash \\ tab \t umlaut ü": torch.ones(1),
}, os.path.join(here, "types.safetensors"), metadata={"format": "pt", "note": "all element types"})

# Only types that a layout can declare: a file to be written again, byte by byte.
save_file({
    "0.token.weight": torch.arange(12, dtype=torch.float32).reshape(4, 3),
    "10.bias": torch.full((5,), -1.5),
    "2.half": torch.tensor([1.0, 2.0, 3.0], dtype=torch.float16),
    "2.brain": torch.tensor([[1.0], [-2.0], [3.0]], dtype=torch.bfloat16),
    "ids": torch.tensor([1, 2, 3], dtype=torch.int32),
    "positions": torch.tensor([4, 5], dtype=torch.int64),
    "nothing": torch.zeros(0, 2),
    "scalar": torch.tensor(0.25),
    "strange \"\\\n\x01 ü": torch.tensor([9], dtype=torch.int64),
}, os.path.join(here, "layout.safetensors"), metadata={"format": "pt"})
