"""Save with any number of stages, go on with any other: faults.py --matrix

For f32 and f16, runs with 1 to 4 stages keep a checkpoint in their middle, and runs with 1 to 4 stages go on from each: 16 pairs,
once with plain 1F1B and once with other schedules, several stages on a device and recomputation on both sides. Losses, gradient
norms, loss scales and weights must be those of the first run, byte for byte.
"""
import os
import shutil

from lab import Lab

MODEL = """\
layers:
  - embedding: {vocab: 61, width: 16, positions: 16}
  - repeat: 6
    layers:
      - transformer: {width: 16, heads: 2, dropout: 0.1}
  - layer-norm: {width: 16}
  - linear: {in: 16, out: 61, bias: false}
loss: cross-entropy
"""
PLAIN = ("1f1b", "")
SAVING = {1: ("gpipe", ""), 2: ("zb-v", "virtual: 2\n"), 3: ("interleaved", "virtual: 2\nrecompute: stage\n"),
          4: ("zb-h1", "recompute: stage\n")}
LOADING = {1: ("1f1b", "recompute: stage\n"), 2: ("interleaved", "virtual: 2\n"), 3: ("zb-h2", "recompute: stage\n"),
           4: ("v-half", "virtual: 2\n")}
MIDDLE = 6


def pairs(lab, precision, saving, loading):
    """Returns how many of 16 pairs are equal, and whether all first runs are."""
    equal, expected = 0, None
    for stages in range(1, 5):
        name = f"{precision}-{stages}"
        pipeline = lab.write(name + ".yaml", stages, *saving(stages), precision=precision)
        run = f"{lab.folder}/{name}"
        first = lab.measure(name, pipeline)
        expected = expected or first
        if first != expected:
            print(f"{precision} with {stages} stages {saving(stages)} differs from one stage, undisturbed", flush=True)
        for others in range(1, 5):
            pipeline = lab.write("other.yaml", others, *loading(others), precision=precision)
            again = f"{run}-{others}"
            shutil.copytree(run, again)
            os.remove(again + "/model.safetensors")
            code = lab.start(again, pipeline, resume=str(MIDDLE)).wait(timeout=120)
            wrong = lab.check(again, expected) if code == 0 else [f"it ended with {code}", lab.output(again)]
            equal += not wrong
            if wrong:
                print(f"{precision}: {stages} {saving(stages)} → {others} {loading(others)}: {wrong}", flush=True)
    shutil.rmtree(lab.folder)
    return equal


def matrix(args):
    memory, good = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None, True
    for precision in ("f32", "f16"):
        for name, saving, loading in [
            ("1F1B", lambda _: PLAIN, lambda _: PLAIN),
            ("other schedules, virtual stages, recomputation", SAVING.get, LOADING.get),
        ]:
            lab = Lab(args.program, steps=10, every=2, model=MODEL, parent=memory)
            equal = pairs(lab, precision, saving, loading)
            print(f"{precision}, {name}: {equal} of 16 go on with the same bits", flush=True)
            good &= equal == 16
    return good
