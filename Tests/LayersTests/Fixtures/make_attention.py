"""Writes the fixtures of attention's options, as make_fixtures.py writes the others, and rotary.json.

    python make_attention.py        needs torch and safetensors

Masks are written out and given to PyTorch's scaled_dot_product_attention. Frequencies are computed in f32, step by step
as transformers' modeling_rope_utils.py computes them, and so are angles; their cos and sin in f64. rotary.json lists the
frequencies and the amplitude of several settings.
"""

import json
import math

import torch
from torch import nn
from torch.nn import functional as F

from make_fixtures import FOLDER, Function, layer, numbers


def periods(width, base):
    return base ** (torch.arange(0, width, 2, dtype=torch.int64).float() / width)


def linear(width, base, factor):
    return 1.0 / periods(width, base) / factor


def llama3(width, base, factor, low, high, original):
    frequencies = 1.0 / periods(width, base)
    wavelengths = 2 * math.pi / frequencies
    share = (original / wavelengths - low) / (high - low)
    between = (1 - share) * frequencies / factor + share * frequencies
    scaled = torch.where(wavelengths < original / high, frequencies, between)
    return torch.where(wavelengths > original / low, frequencies / factor, scaled)


def yarn(width, base, factor, original, beta_fast=32, beta_slow=1, truncate=True):
    def pair(turns):
        return width * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(base))

    start, end = pair(beta_fast), pair(beta_slow)
    if truncate:
        start, end = math.floor(start), math.ceil(end)
    start, end = max(start, 0), min(end, width - 1)
    if start == end:
        end += 0.001
    divided = ((torch.arange(width // 2, dtype=torch.float32) - start) / (end - start)).clamp(0, 1)
    kept = 1 - divided
    p = periods(width, base)
    return 1.0 / (factor * p) * (1 - kept) + 1.0 / p * kept


class Rotary:
    """Turns the first numbers of each head: [batch, sequence, heads, head width]."""

    def __init__(self, frequencies, pairs="halves", amplitude=1.0, planes=1):
        self.frequencies, self.pairs, self.amplitude, self.planes = frequencies, pairs, amplitude, planes

    def plane(self, x, places):
        angles = (places.float()[..., None] * self.frequencies)[:, :, None, :]
        assert angles.dtype == torch.float32
        c = self.amplitude * angles.double().cos()
        s = self.amplitude * angles.double().sin()
        if self.pairs == "halves":
            a, b = x.chunk(2, -1)
            return torch.cat([a * c - b * s, b * c + a * s], -1)
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack([a * c - b * s, b * c + a * s], -1).flatten(-2)

    def __call__(self, x, places):
        """places: a [batch, sequence] for each plane."""
        width = 2 * len(self.frequencies)
        turned = [self.plane(x[..., i * width : (i + 1) * width], places[i]) for i in range(self.planes)]
        return torch.cat(turned + [x[..., self.planes * width :]], -1)


class HeadNorm(nn.Module):
    def __init__(self, width, epsilon, unit_offset=False):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width))
        self.epsilon, self.unit_offset = epsilon, unit_offset

    def forward(self, x):
        x = x * (x.square().mean(-1, keepdim=True) + self.epsilon).rsqrt()
        return x * (self.weight + 1 if self.unit_offset else self.weight)


class Attention(nn.Module):
    def __init__(
        self, width, heads, key_heads=None, head_width=None, bias="true", rotary=None, norm=None, window=None,
        scale=None, causal=True,
    ):
        super().__init__()
        self.heads, self.key_heads = heads, key_heads or heads
        self.head_width = head_width or width // heads
        self.rotary, self.window, self.scale, self.causal = rotary, window, scale, causal
        outputs = (heads + 2 * self.key_heads) * self.head_width
        self.qkv = nn.Linear(width, outputs, bias=bias != "false")
        if norm:
            self.query_norm, self.key_norm = (HeadNorm(self.head_width, **norm) for _ in range(2))
        else:
            self.query_norm = self.key_norm = nn.Identity()
        self.out = nn.Linear(heads * self.head_width, width, bias=bias == "true")

    def forward(self, x, positions=None):
        batch, n, _ = x.shape
        qkv = self.qkv(x).reshape(batch, n, self.heads + 2 * self.key_heads, self.head_width)
        q, k, v = qkv.split([self.heads, self.key_heads, self.key_heads], 2)
        q, k = self.query_norm(q), self.key_norm(k)
        row, column = torch.arange(n)[:, None], torch.arange(n)[None, :]
        sees = (column <= row) if self.causal else torch.ones(n, n, dtype=torch.bool)
        if self.window:
            sees = sees & (column > row - self.window)
        sees = sees[None].expand(batch, n, n)
        places = [torch.arange(n)[None].expand(batch, n)]
        if positions is not None:
            sees = sees | (column[None] < positions[:, :1, None])
            places = [positions[:, 1 : 1 + n], positions[:, 1 + n :]]
        if self.rotary:
            q, k = self.rotary(q, places), self.rotary(k, places)
        k, v = (t.repeat_interleave(self.heads // self.key_heads, 2) for t in (k, v))
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=sees[:, None], scale=self.scale)
        return self.out(y.transpose(1, 2).reshape(batch, n, -1))


def prefix_positions(ids, start, marks):
    rows = []
    for row in ids.tolist():
        n = len(row)
        mark = next((row.index(m) for m in marks if m in row), None)
        if start not in row or mark is None:
            rows.append([0] + list(range(n)) + [0] * n)
            continue
        c = row.index(start)
        rows.append([c] + list(range(c)) + [mark] * (n - c) + [0] * c + list(range(1, n - c + 1)))
    return torch.tensor(rows)


def rotary_settings():
    """Settings as manifests write them, the width of the heads, frequencies, amplitude."""
    f16 = (1.0 / periods(64, 10000.0)).half().float()
    return [
        ("{}", 64, 1.0 / periods(64, 10000.0), 1.0),
        ("{base: 5e5, width: 20}", 80, 1.0 / periods(20, 5e5), 1.0),
        ("{planes: 2, rounded: true}", 128, f16, 1.0),
        ("{base: 1e6, scaling: {linear: {factor: 2.5}}}", 96, linear(96, 1e6, 2.5), 1.0),
        (
            "{base: 5e5, scaling: {llama3: {factor: 8, low: 1, high: 4, original: 8192}}}",
            128, llama3(128, 5e5, 8.0, 1.0, 4.0, 8192), 1.0,
        ),
        ("{scaling: {llama3: {factor: 8, low: 1, high: 4, original: 64}}}", 12, llama3(12, 1e4, 8.0, 1.0, 4.0, 64), 1.0),
        ("{scaling: {yarn: {factor: 4, original: 4096}}}", 128, yarn(128, 1e4, 4.0, 4096), 0.1 * math.log(4) + 1),
        (
            "{base: 1.5e5, scaling: {yarn: {factor: 32, original: 4096, truncate: false, attention_factor: 1.25}}}",
            64, yarn(64, 1.5e5, 32.0, 4096, truncate=False), 1.25,
        ),
        (
            "{scaling: {yarn: {factor: 0.5, original: 64, beta_fast: 8, beta_slow: 2}}}",
            16, yarn(16, 1e4, 0.5, 64, 8, 2), 1.0,
        ),
    ]


def main():
    torch.manual_seed(20251128)
    plain = lambda width: Rotary(1.0 / periods(width, 1e4))
    layer(
        "attention-shared-keys", "attention: {width: 24, heads: 6, key_heads: 2, bias: false}",
        Attention(24, 6, 2, bias="false"), numbers(2, 7, 24),
    )
    layer(
        "attention-shared-keys-long",
        "attention: {width: 10, head_width: 6, heads: 3, key_heads: 1, causal: false, bias: qkv}",
        Attention(10, 3, 1, 6, bias="qkv", causal=False), numbers(1, 70, 10),
    )
    layer(
        "attention-rotary-qkv-bias", "attention: {width: 18, heads: 3, bias: qkv, rotary: {base: 1e6}}",
        Attention(18, 3, bias="qkv", rotary=Rotary(1.0 / periods(6, 1e6))), numbers(2, 9, 18),
    )
    layer(
        "attention-rotary-head-width",
        "attention: {width: 14, head_width: 10, heads: 6, key_heads: 2, bias: false, rotary: {}}",
        Attention(14, 6, 2, 10, bias="false", rotary=plain(10)), numbers(2, 8, 14),
    )
    layer(
        "attention-rotary-linear",
        "attention: {width: 16, heads: 2, bias: false, rotary: {scaling: {linear: {factor: 3}}}}",
        Attention(16, 2, bias="false", rotary=Rotary(linear(8, 1e4, 3.0))), numbers(1, 20, 16),
    )
    layer(
        "attention-rotary-llama3",
        "attention: {width: 24, heads: 2, bias: false, "
        "rotary: {scaling: {llama3: {factor: 8, low: 1, high: 4, original: 64}}}}",
        Attention(24, 2, bias="false", rotary=Rotary(llama3(12, 1e4, 8.0, 1.0, 4.0, 64))), numbers(1, 24, 24),
    )
    layer(
        "attention-rotary-yarn",
        "attention: {width: 20, heads: 2, bias: false, "
        "rotary: {scaling: {yarn: {factor: 4, original: 32, beta_fast: 4}}}}",
        Attention(
            20, 2, bias="false",
            rotary=Rotary(yarn(10, 1e4, 4.0, 32, beta_fast=4), amplitude=float(torch.tensor(0.1 * math.log(4) + 1)))),
        numbers(1, 20, 20),
    )
    layer(
        "attention-rotary-neighbours",
        "attention: {width: 20, head_width: 40, heads: 2, key_heads: 1, rotary: {width: 20, pairs: neighbours}}",
        Attention(20, 2, 1, 40, rotary=Rotary(1.0 / periods(20, 1e4), "neighbours")), numbers(2, 6, 20),
    )
    layer(
        "attention-rotary-wide-neighbours",
        "attention: {width: 8, head_width: 72, heads: 1, bias: false, rotary: {pairs: neighbours}}",
        Attention(8, 1, 1, 72, bias="false", rotary=Rotary(1.0 / periods(72, 1e4), "neighbours")), numbers(1, 5, 8),
    )
    layer(
        "attention-head-norm",
        "attention: {width: 20, head_width: 14, heads: 4, key_heads: 1, bias: false, rotary: {base: 1e6}, "
        "head_norm: {epsilon: 2e-3}}",
        Attention(20, 4, 1, 14, bias="false", rotary=Rotary(1.0 / periods(14, 1e6)), norm={"epsilon": 2e-3}),
        numbers(2, 7, 20),
    )
    layer(
        "attention-window",
        "attention: {width: 20, head_width: 12, heads: 4, key_heads: 2, bias: false, rotary: {}, "
        "head_norm: {epsilon: 1e-3, unit_offset: true}, window: 8, scale: 0.25}",
        Attention(
            20, 4, 2, 12, bias="false", rotary=plain(12), norm={"epsilon": 1e-3, "unit_offset": True}, window=8,
            scale=0.25),
        numbers(2, 24, 20),
    )
    layer(
        "attention-window-long", "attention: {width: 12, heads: 2, key_heads: 1, bias: false, window: 40}",
        Attention(12, 2, 1, bias="false", window=40), numbers(1, 140, 12),
    )
    layer(
        "attention-head-norm-alone", "attention: {width: 12, heads: 2, head_norm: {}}",
        Attention(12, 2, norm={"epsilon": 1e-6}), numbers(1, 6, 12),
    )

    ids = torch.tensor([[5, 6, 9, 8, 5, 5, 6, 7], [9, 8, 7, 7, 6, 6, 5, 5], [5, 6, 5, 7, 7, 9, 6, 8], [5, 6, 7, 9, 9, 6, 7, 5],
                        [5, 6, 8, 5, 6, 7, 7, 5], [6, 10, 8, 5, 10, 9, 7, 5]])  # plain: rows 3 (no start) and 4 (no mark)
    positions = prefix_positions(ids, 8, [9, 10])
    layer(
        "prefix-positions", "prefix-positions: {start: 8, marks: [9, 10]}",
        Function(lambda ids: prefix_positions(ids, 8, [9, 10])), ids,
    )
    layer(
        "attention-prefix", "attention: {width: 16, heads: 2, rotary: {}}",
        Attention(16, 2, rotary=plain(8)), numbers(6, 8, 16), positions,
    )
    layer(
        "attention-prefix-planes", "attention: {width: 24, heads: 2, rotary: {planes: 2, rounded: true}}",
        Attention(24, 2, rotary=Rotary((1.0 / periods(6, 1e4)).half().float(), planes=2)), numbers(6, 8, 24), positions,
    )
    long = torch.randint(20, 30, (2, 130))
    long[0, 100:102] = torch.tensor([9, 8])
    long[1, 20:22] = torch.tensor([9, 8])
    layer(
        "attention-prefix-long",
        "attention: {width: 8, heads: 2, key_heads: 1, bias: false, rotary: {planes: 2, rounded: true}}",
        Attention(8, 2, 1, bias="false", rotary=Rotary((1.0 / periods(2, 1e4)).half().float(), planes=2)),
        numbers(2, 130, 8), prefix_positions(long, 8, [9]),
    )

    settings = [
        {"rotary": text, "head_width": width, "frequencies": frequencies.tolist(), "amplitude": amplitude}
        for text, width, frequencies, amplitude in rotary_settings()
    ]
    (FOLDER / "rotary.json").write_text(json.dumps(settings, indent=0) + "\n")


if __name__ == "__main__":
    main()
