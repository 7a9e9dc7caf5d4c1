"""Writes schedules.json: the learning rate of each step under Hugging Face's schedules.

    python make_schedules.py       needs transformers 5.24 and torch 2.15
"""
import json, os, torch
from transformers import optimization as hf

RATE = 3e-3


def trace(make, steps, **course):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=RATE)
    schedule = make(optimizer)
    rates = []
    for _ in range(steps + 1):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return dict(steps=steps, rates=rates, **course)


cases = []
for steps, warmup in [(1, 0), (7, 0), (40, 1), (40, 10), (100, 7), (12, 12)]:
    both = dict(num_warmup_steps=warmup, num_training_steps=steps)
    cases.append(trace(lambda o: hf.get_constant_schedule_with_warmup(o, warmup), steps, warmup=warmup, kind="constant"))
    cases.append(trace(lambda o: hf.get_linear_schedule_with_warmup(o, **both), steps, warmup=warmup, kind="linear"))
    cases.append(trace(lambda o: hf.get_cosine_schedule_with_warmup(o, **both), steps, warmup=warmup, kind="cosine"))
    cases.append(trace(lambda o: hf.get_cosine_with_min_lr_schedule_with_warmup(o, min_lr=RATE / 10, **both), steps,
                       warmup=warmup, kind="cosine", minimum=RATE / 10))
for shape in ["cosine", "linear", "1-sqrt"]:
    # Theirs begins its warm-up at the minimum, ours at 0: without a warm-up where there is a minimum.
    for steps, warmup, decay, ratio in [(50, 5, 10, 0.0), (50, 0, 20, 0.1), (30, 10, 20, 0.0), (9, 0, 1, 0.5)]:
        make = lambda o: hf.get_wsd_schedule(o, warmup, decay, num_training_steps=steps, decay_type=shape, min_lr_ratio=ratio)
        cases.append(trace(make, steps, warmup=warmup, kind="wsd", decay=decay, shape=shape, minimum=RATE * ratio))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "schedules.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
