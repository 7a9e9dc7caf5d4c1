"""Writes what PyTorch says of options that pretrained models use, as make_fixtures.py writes the others: the RMS norm whose
weight counts from 1, scaled embeddings, capped logits, and a residual's scaled sum."""

import math

import torch
from torch import nn

from make_fixtures import Embedding, Function, layer, numbers


class ScaledEmbedding(Embedding):
    def __init__(self, vocab, width, positions, scale):
        super().__init__(vocab, width, positions)
        self.scale = scale

    def forward(self, ids):
        y = self.scale * self.token(ids)
        return y if self.position is None else y + self.position.weight[: ids.shape[1]]


class OffsetRMSNorm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.epsilon) * (1 + self.weight)


def main():
    torch.manual_seed(20251128)
    ids = torch.randint(0, 11, (2, 7))
    ids[0, 3] = ids[1, 5] = ids[0, 0]  # one row gathers several gradients
    scale = math.sqrt(24)
    layer(
        "embedding-scaled", f"embedding: {{vocab: 11, width: 24, scale: {scale}}}", ScaledEmbedding(11, 24, None, scale), ids
    )
    layer(
        "embedding-scaled-positions",
        "embedding: {vocab: 11, width: 5, positions: 9, scale: 0.3}", ScaledEmbedding(11, 5, 9, 0.3), ids,
    )
    layer(
        "rms-norm-unit-offset",
        "rms-norm: {width: 33, epsilon: 1e-5, unit_offset: true}", OffsetRMSNorm(33, 1e-5), 3 * numbers(2, 7, 33) + 1,
    )
    x = torch.cat([numbers(2, 7, 23, scale=3), torch.linspace(-40, 40, 14).reshape(2, 7, 1)], -1)
    layer("softcap", "softcap: {cap: 2.5}", Function(lambda x: 2.5 * torch.tanh(x / 2.5)), x)
    layer("softcap-wide", "softcap: {cap: 30}", Function(lambda x: 30 * torch.tanh(x / 30)), x)
    alpha = math.sqrt(56)
    layer("scaled-add", None, Function(lambda branch, skip: branch + alpha * skip), numbers(2, 7, 23), numbers(2, 7, 23))


if __name__ == "__main__":
    main()
