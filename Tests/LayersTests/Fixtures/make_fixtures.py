"""Writes what PyTorch says of each layer, one safetensors file per case, in folders beside this script.

    python make_fixtures.py        needs torch and safetensors

Inputs, parameters and output gradients are f32 numbers; PyTorch computes in f64 from them, so that a difference is
the tested layer's own rounding. Tensors of a case: input.N, parameter.NAME, output.N, output_gradient.N,
input_gradient.N, gradient.NAME; the metadata's `parameters` lists the names in state-dict order, and its `layer` is
how a manifest writes the layer: the tests try every file that has one. Of a loss: input.0, targets, normaliser (what
the sum of row losses is divided by), row_losses, input_gradient.0.
"""

import math
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent
ACTIVATIONS = {
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
    "gelu-erf": F.gelu,
    "relu": F.relu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


class Embedding(nn.Module):
    def __init__(self, vocab, width, positions=None):
        super().__init__()
        self.token = nn.Embedding(vocab, width)
        self.position = nn.Embedding(positions, width) if positions else None

    def forward(self, ids):
        y = self.token(ids)
        return y if self.position is None else y + self.position.weight[: ids.shape[1]]


class Attention(nn.Module):
    def __init__(self, width, heads, causal, bias):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(width, 3 * width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)

    def forward(self, x):
        batch, sequence, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, sequence, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(batch, sequence, width))


class MLP(nn.Module):
    def __init__(self, width, hidden, activation, bias):
        super().__init__()
        self.up = nn.Linear(width, hidden, bias=bias)
        self.down = nn.Linear(hidden, width, bias=bias)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        return self.down(self.activation(self.up(x)))


class Transformer(nn.Module):
    def __init__(self, width, heads, hidden, activation, causal=True, bias=True, norm="layer-norm", epsilon=1e-5):
        super().__init__()

        def normalise():
            return nn.LayerNorm(width, epsilon, bias=bias) if norm == "layer-norm" else nn.RMSNorm(width, epsilon)

        self.norm1 = normalise()
        self.attention = Attention(width, heads, causal, bias)
        self.norm2 = normalise()
        self.mlp = MLP(width, hidden, activation, bias)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def numbers(*shape, scale=1.0):
    return (scale * torch.randn(*shape)).float()


def folder(name):
    if name in ACTIVATIONS:
        return "Activations"
    if name.startswith(("attention", "transformer")):
        return "Attention"
    return "Layers"


def write(folder, name, tensors, metadata):
    path = FOLDER / folder / f"{name}.safetensors"
    path.parent.mkdir(exist_ok=True)
    save_file({key: value.contiguous() for key, value in tensors.items()}, path, metadata)


def layer(name, text, module, *inputs):
    """`text` is how a manifest writes the layer; None for one that only a residual makes.

    Parameters become random numbers of about 1/√inputs around PyTorch's usual places (1 for norm weights).
    """
    with torch.no_grad():
        for key, p in module.named_parameters():
            centre = 1.0 if p.ndim == 1 and key.endswith("weight") else 0.0
            p.copy_(centre + numbers(*p.shape, scale=1 / math.sqrt(p.shape[-1]) if p.ndim > 1 else 0.3))
    module = module.double()
    xs = [x if not x.is_floating_point() else x.double().requires_grad_() for x in inputs]
    ys = module(*xs)
    ys = ys if isinstance(ys, (tuple, list)) else [ys]
    dys = [numbers(*y.shape) for y in ys if y.is_floating_point()]
    if dys:
        torch.autograd.backward(ys, [dy.double() for dy in dys])

    tensors = {}
    for i, x in enumerate(xs):
        tensors[f"input.{i}"] = x.detach().float() if x.is_floating_point() else x.int()
        if x.is_floating_point():
            gradient = x.grad if x.grad is not None else torch.zeros_like(x)
            tensors[f"input_gradient.{i}"] = gradient.float()
    for i, y in enumerate(ys):
        tensors[f"output.{i}"] = y.detach().float() if y.is_floating_point() else y.int()
    for i, dy in enumerate(dys):
        tensors[f"output_gradient.{i}"] = dy
    for key, p in module.named_parameters():
        tensors[f"parameter.{key}"] = p.detach().float()
        tensors[f"gradient.{key}"] = p.grad.float()
    metadata = {"parameters": " ".join(module.state_dict().keys())} | ({"layer": text} if text else {})
    write(folder(name), name, tensors, metadata)


def cross_entropy(name, logits, targets):
    x = logits.double().requires_grad_()
    rows = F.cross_entropy(x.flatten(0, -2), targets.long().flatten(), ignore_index=-100, reduction="none")
    normaliser = (targets != -100).sum().reshape(1) + 3  # other micro-batches count too
    (rows.sum() / normaliser).backward()
    loss(name, logits, targets, normaliser, rows, x.grad)


def mean_squared_error(name, prediction, targets):
    x = prediction.double().requires_grad_()
    rows = F.mse_loss(x, targets.double(), reduction="none").sum(-1).flatten()
    normaliser = torch.tensor([2 * x.numel()])
    (rows.sum() / normaliser).backward()
    loss(name, prediction, targets, normaliser, rows, x.grad)


def loss(name, prediction, targets, normaliser, rows, gradient):
    tensors = {"input.0": prediction, "targets": targets, "normaliser": normaliser.long()}
    tensors |= {"row_losses": rows.detach().float(), "input_gradient.0": gradient.float()}
    write("Losses", name, tensors, {})


def main():
    torch.manual_seed(20240229)
    ids = torch.randint(0, 11, (2, 7))
    ids[0, 3] = ids[1, 5] = ids[0, 0]  # one row gathers several gradients
    layer("embedding", "embedding: {vocab: 11, width: 24, positions: 9}", Embedding(11, 24, 9), ids)
    layer("embedding-tokens-only", "embedding: {vocab: 11, width: 5}", Embedding(11, 5), ids)

    layer("linear", "linear: {in: 24, out: 17}", nn.Linear(24, 17), numbers(2, 7, 24))
    layer("linear-no-bias", "linear: {in: 5, out: 33, bias: false}", nn.Linear(5, 33, bias=False), numbers(3, 5))
    layer("layer-norm", "layer-norm: {width: 24}", nn.LayerNorm(24, 1e-5), 3 * numbers(2, 7, 24) + 1)
    layer(
        "layer-norm-no-bias",
        "layer-norm: {width: 13, epsilon: 1e-3, bias: false}",
        nn.LayerNorm(13, 1e-3, bias=False), numbers(5, 13),
    )
    layer("rms-norm", "rms-norm: {width: 24}", nn.RMSNorm(24, 1e-6), 3 * numbers(2, 7, 24) + 1)
    layer("rms-norm-large-epsilon", "rms-norm: {width: 13, epsilon: 0.1}", nn.RMSNorm(13, 1e-1), numbers(5, 13))
    for name, f in ACTIVATIONS.items():
        text = name.replace("gelu-", "gelu: ")
        layer(name, text, Function(f), torch.cat([numbers(2, 7, 23), torch.linspace(-12, 12, 14).reshape(2, 7, 1)], -1))

    layer("attention-causal", "attention: {width: 24, heads: 3}", Attention(24, 3, True, True), numbers(2, 7, 24))
    layer(
        "attention",
        "attention: {width: 15, heads: 3, causal: false, bias: false}",
        Attention(15, 3, False, False), numbers(2, 7, 15),
    )
    layer(
        "attention-causal-long",
        "attention: {width: 10, heads: 2, bias: false}",
        Attention(10, 2, True, False), numbers(1, 131, 10),
    )
    layer(
        "attention-long",
        "attention: {width: 8, heads: 1, causal: false}",
        Attention(8, 1, False, True), numbers(1, 70, 8),
    )

    layer(
        "transformer",
        "transformer: {width: 24, heads: 3, hidden: 40}",
        Transformer(24, 3, 40, "gelu-tanh"), numbers(2, 7, 24),
    )
    layer(
        "transformer-no-bias",
        "transformer: {width: 15, heads: 3, hidden: 22, activation: gelu-erf, causal: false, bias: false}",
        Transformer(15, 3, 22, "gelu-erf", causal=False, bias=False), numbers(2, 7, 15),
    )
    layer(
        "transformer-rms-norm",
        "transformer: {width: 12, heads: 2, activation: silu, norm: rms-norm}",
        Transformer(12, 2, 48, "silu", norm="rms-norm", epsilon=1e-6), numbers(2, 7, 12),
    )
    layer(
        "transformer-relu",
        "transformer: {width: 10, heads: 1, hidden: 7, activation: relu, causal: false, epsilon: 1e-3}",
        Transformer(10, 1, 7, "relu", causal=False, epsilon=1e-3), numbers(1, 33, 10),
    )

    layer("split-parts", "split: 3", Function(lambda x: x.chunk(3, -1)), numbers(2, 7, 6))
    layer("split-widths", "split: [1, 4, 2]", Function(lambda x: x.split([1, 4, 2], -1)), numbers(3, 7))
    layer("add", "add", Function(lambda a, b, c: a + b + c), numbers(2, 3, 5), numbers(2, 3, 5), numbers(2, 3, 5))
    layer(
        "concatenate",
        "concatenate",
        Function(lambda a, b, c: torch.cat([a, b, c], -1)), *(numbers(2, 3, n) for n in (4, 1, 3)),
    )
    layer("flatten", "flatten", nn.Flatten(), numbers(2, 3, 5))
    layer("reshape", "reshape: [5, 6]", Function(lambda x: x.reshape(2, 5, 6)), numbers(2, 3, 10))

    targets = torch.randint(0, 19, (2, 7)).int()
    targets[0, 2] = targets[1, 0] = targets[1, 6] = -100
    cross_entropy("cross-entropy", numbers(2, 7, 19, scale=4), targets)
    cross_entropy("cross-entropy-nothing-counts", numbers(3, 5), torch.full((3,), -100).int())
    mean_squared_error("mean-squared-error", numbers(2, 7, 5), numbers(2, 7, 5))


if __name__ == "__main__":
    main()
