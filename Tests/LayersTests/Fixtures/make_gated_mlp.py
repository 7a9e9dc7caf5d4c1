"""Writes Layers/gated-mlp*.safetensors, as make_fixtures.py writes the others."""

import torch
from torch import nn

from make_fixtures import ACTIVATIONS, layer, numbers


class GatedMLP(nn.Module):
    def __init__(self, width, hidden, activation, bias):
        super().__init__()
        self.gate = nn.Linear(width, hidden, bias=bias)
        self.up = nn.Linear(width, hidden, bias=bias)
        self.down = nn.Linear(hidden, width, bias=bias)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        return self.down(self.activation(self.gate(x)) * self.up(x))


torch.manual_seed(20251127)
layer("gated-mlp", "gated-mlp: {width: 24, hidden: 40}", GatedMLP(24, 40, "silu", False), numbers(2, 7, 24))
layer(
    "gated-mlp-gelu-bias",
    "gated-mlp: {width: 13, hidden: 33, activation: gelu-tanh, bias: true}",
    GatedMLP(13, 33, "gelu-tanh", True),
    numbers(5, 13),
)
