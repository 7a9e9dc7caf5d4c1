"""Writes what plain PyTorch makes of ten steps of training, beside this script.

    python make_run.py             needs torch, numpy and safetensors

A small GPT as nn.Sequential, in f32, in one process, without a pipeline: AdamW with its defaults but for the learning
rate, gradients clipped to a global norm. init.safetensors holds the weights before the first step, tokens.u16 the
tokens, run.json the loss and the gradient norm of each step. Sample i is tokens[i*T .. i*T+T]: the first T are the
input, the last T the target; step k takes samples k*G ... k*G+G-1, wrapping at the end of the file.
"""

import json
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent
VOCAB, WIDTH, HEADS, BLOCKS, SEQUENCE = 96, 32, 4, 3, 16
MICRO, MICRO_BATCHES, STEPS = 2, 4, 10
LEARNING_RATE, CLIP = 3e-3, 0.7


class Embedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(VOCAB, WIDTH)
        self.position = nn.Embedding(SEQUENCE, WIDTH)

    def forward(self, ids):
        return self.token(ids) + self.position.weight


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).flatten(-2))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.norm2 = nn.LayerNorm(WIDTH)
        self.mlp = nn.ModuleDict({"up": nn.Linear(WIDTH, 4 * WIDTH), "down": nn.Linear(4 * WIDTH, WIDTH)})

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp["down"](F.gelu(self.mlp["up"](self.norm2(x)), approximate="tanh"))


def main():
    torch.manual_seed(20)
    torch.set_num_threads(1)
    blocks = [Transformer() for _ in range(BLOCKS)]
    model = nn.Sequential(Embedding(), *blocks, nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCAB, bias=False))
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:
            nn.init.normal_(parameter, std=0.05)
    save_file(model.state_dict(), FOLDER / "init.safetensors")

    # Fewer tokens than ten steps take, so that the order wraps; each depends on the one before, so that the loss falls.
    samples = 3 * MICRO * MICRO_BATCHES + 1
    steps = np.random.default_rng(20).integers(1, 4, samples * SEQUENCE + 1)
    tokens = (np.cumsum(steps) % VOCAB).astype(np.uint16)
    tokens.tofile(FOLDER / "tokens.u16")

    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    losses, norms = [], []
    for step in range(STEPS):
        size = MICRO * MICRO_BATCHES
        starts = [(step * size + i) % samples * SEQUENCE for i in range(size)]
        rows = torch.tensor(np.stack([tokens[at : at + SEQUENCE + 1] for at in starts]).astype(np.int64))
        loss = F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), CLIP).item())
        losses.append(loss.item())
        optimizer.step()
    text = json.dumps({"torch": torch.__version__, "losses": losses, "grad_norms": norms}, indent=1)
    (FOLDER / "run.json").write_text(text + "\n")


main()
