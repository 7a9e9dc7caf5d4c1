"""Writes optimizers.json beside this script: torch.optim's parameters after steps 1, 2 and 10 of each rule, and what
torch.nn.utils.clip_grad_norm_ does.

    python make.py        (needs torch)

Start and gradients are exact in f32, so the test computes them itself: element i starts at ((5 i) mod 17 - 8) / 4, and
its gradient in step k = 0, 1, ... is ((7 i + 13 k) mod 32 - 15) / 8. The rate of step k is lr (k + 1) / 10 where `warm`.
"""
import json
import os
import torch

COUNT, STEPS = 19, 10
RULES = [
    ("adamw", "adamw", {}, False),
    ("adamw, own settings, warm-up", "adamw", dict(lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.3), True),
    ("adam", "adam", {}, False),
    ("adam with weight decay", "adam", dict(lr=0.01, weight_decay=0.2), False),
    ("sgd", "sgd", dict(lr=0.05), False),
    ("sgd with weight decay, warm-up", "sgd", dict(lr=0.05, weight_decay=0.1), True),
    ("sgd with momentum", "sgd", dict(lr=0.05, momentum=0.9), False),
    ("sgd with momentum, dampening, weight decay", "sgd",
     dict(lr=0.05, momentum=0.9, dampening=0.5, weight_decay=0.1), False),
    ("sgd, Nesterov", "sgd", dict(lr=0.05, momentum=0.9, nesterov=True), False),
    ("sgd, Nesterov, weight decay, warm-up", "sgd",
     dict(lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.1), True),
]
MAKE = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}


def gradient(step):
    return torch.tensor([((7 * i + 13 * step) % 32 - 15) / 8 for i in range(COUNT)])


def run(kind, settings, warm):
    p = torch.nn.Parameter(torch.tensor([((5 * i) % 17 - 8) / 4 for i in range(COUNT)]))
    optimizer, after = MAKE[kind]([p], **settings), {}
    rate = optimizer.param_groups[0]["lr"]
    for step in range(STEPS):
        if warm:
            optimizer.param_groups[0]["lr"] = rate * (step + 1) / STEPS
        p.grad = gradient(step)
        optimizer.step()
        if step + 1 in (1, 2, 10):
            after[str(step + 1)] = p.detach().tolist()
    state = {k: v.tolist() for k, v in optimizer.state[p].items() if torch.is_tensor(v) and v.shape == p.shape}
    return after, state


def clip(scale, maximum):
    parameters = [torch.nn.Parameter(torch.zeros(COUNT)) for _ in range(3)]
    for k, p in enumerate(parameters):
        p.grad = gradient(k) * scale
    norm = torch.nn.utils.clip_grad_norm_(parameters, maximum)
    return dict(scale=scale, maximum=maximum, norm=norm.item(), clipped=[p.grad.tolist() for p in parameters])


rules = []
for name, kind, settings, warm in RULES:
    after, state = run(kind, settings, warm)
    rules.append(dict(name=name, kind=kind, settings={k: list(v) if isinstance(v, tuple) else v
                                                      for k, v in settings.items()},
                      warm=warm, after=after, state=state))
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "optimizers.json")
with open(path, "w") as file:
    lines = ",\n".join(json.dumps(r) for r in rules)
    clips = ",\n".join(json.dumps(clip(s, m)) for s, m in [(1.0, 1.0), (0.0078125, 1.0), (4.0, 2.5)])
    file.write(f'{{"rules": [\n{lines}\n],\n"clips": [\n{clips}\n]}}\n')
