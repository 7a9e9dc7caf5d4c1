"""Writes loss_scaler.json: what DeepSpeed's DynamicLossScaler does with runs of overflows, step by step.

    python make_scaler.py          needs deepspeed 0.19 and torch
"""
import json, os, random
from deepspeed.runtime.fp16 import loss_scaler

loss_scaler.dist.get_rank = lambda: 0  # it asks who should log


def trace(power, window, hysteresis, minimum, overflows):
    scaler = loss_scaler.DynamicLossScaler(init_scale=2.0**power, scale_window=window, min_scale=minimum,
                               delayed_shift=hysteresis, consecutive_hysteresis=False)
    scales, fails = [], False
    for overflow in overflows:
        scales.append(scaler.cur_scale)
        try:
            scaler.update_scale(overflow)
        except Exception as error:
            assert "already at minimum" in str(error), error
            fails = True
            break
    return dict(power=power, window=window, hysteresis=hysteresis, minimum=minimum,
                overflows="".join("x" if o else "." for o in overflows[:len(scales)]), scales=scales, fails=fails)


random.seed(1)
cases = [trace(40, 1000, 2, 1.0, [True] * 26 + [False] * 6)]  # a scale of 2^40 that comes down to 2^15
cases.append(trace(2, 1000, 1, 1.0, [True] * 8))              # nowhere left to go
for _ in range(30):
    rate = random.choice([0.02, 0.1, 0.5])
    cases.append(trace(random.randint(4, 20), random.randint(1, 6), random.randint(1, 4), random.choice([1.0, 4.0]),
                       [random.random() < rate for _ in range(40)]))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "loss_scaler.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
