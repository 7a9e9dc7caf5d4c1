#!/usr/bin/env python3
"""A device becomes 1.5 times slower in mid-run: how soon, and how near to the best cuts, does `recut: auto` come?

Trains on simulated devices and on two cores of this machine, where a busy process takes a third of one. Compares with the
same run under the best of all cuts from its first step on, and losses with a run that is never disturbed.
"""
import argparse, itertools, json, os, pathlib, shutil, signal, statistics, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("--echelon", default=".build/release/echelon")
parser.add_argument("--factor", type=float, default=1.5)
arguments = parser.parse_args()
echelon = os.path.abspath(arguments.echelon)
folder = pathlib.Path(tempfile.mkdtemp(prefix="echelon-recut-"))
CORES = sorted(os.sched_getaffinity(0))[:2]
SLOW = 24  # steps before the device becomes slower
STEPS = 80

(folder / "model.yaml").write_text("""layers:
  - embedding: {vocab: 256, width: 192, positions: 128}
  - repeat: 18
    layers:
      - transformer: {width: 192, heads: 6}
  - layer-norm: {width: 192}
  - linear: {in: 192, out: 256, bias: false}
loss: cross-entropy
""")
(folder / "pipeline.yaml").write_text(f"""model: model.yaml
devices: [cpu:{CORES[0]}, cpu:{CORES[-1]}]
partition: flops
schedule: 1f1b
batch: {{micro: 2, microbatches: 8}}
data: {{random: 100000, sequence: 128}}
optimizer: {{adamw: {{lr: 1e-3}}}}
steps: {STEPS}
""")


def start(name, *settings):
    run = folder / name
    shutil.rmtree(run, ignore_errors=True)
    words = [echelon, "train", str(folder / "pipeline.yaml"), "--run-dir", str(run), "--quiet"]
    for setting in settings:
        words += ["--set", setting]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True), run


def steps(run):
    try:
        return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    except (FileNotFoundError, json.JSONDecodeError):
        return []


def finish(process, run):
    _, notes = process.communicate(timeout=600)
    if process.returncode:
        sys.exit(f"{run.name}: exit code {process.returncode}\n{notes}")
    return steps(run), [line for line in notes.splitlines() if "going on behind" in line]


def median(rows):
    return statistics.median(row["step_s"] for row in rows)


def table(name, plain, slowed, best, moves):
    moved = [int(note.split("going on behind step ")[1].split()[0]) for note in moves]
    settled = [row for row in slowed if row["step"] > SLOW + 20]
    before, now, optimum = median(plain[5:]), median(settled), median(best[5:])
    worst = median([row for row in slowed if SLOW + 1 < row["step"] <= (moved or [STEPS])[0]])
    equal = all(a["loss"] == b["loss"] and a["grad_norm"] == b["grad_norm"] for a, b in zip(plain, slowed))
    print(f"{name}: {before * 1e3:.1f} ms a step, slowed {worst * 1e3:.1f}, from step {SLOW + 20} on {now * 1e3:.1f}, "
          f"under the best cuts {optimum * 1e3:.1f}: {optimum / now:.1%} of the optimum")
    print(f"  moves behind steps {moved} (slow from step {SLOW}); {len(slowed)} steps; losses and norms "
          f"{'equal' if equal else 'DIFFER'}")
    for note in moves:
        print("  " + note)


def best_of(candidates, run_with):
    results = {cuts: run_with(cuts) for cuts in candidates}
    cuts = min(results, key=lambda cuts: median(results[cuts][5:]))
    print(f"  the best cuts: {list(cuts)}, of {len(results)} tried")
    return results[cuts]


def cuts_of(run):
    line = next(line for line in (run / "pipeline.yaml").read_text().splitlines() if line.startswith("partition:"))
    return tuple(int(word) for word in line.split("[")[1].split("]")[0].split(","))


def around(cuts, layers=21):
    moves = itertools.product((-1, 0, 1), repeat=len(cuts))
    found = {tuple(c + m for c, m in zip(cuts, move)) for move in moves}
    return sorted(c for c in found if all(a < b for a, b in zip((0,) + c, c + (layers,))))


# Simulated devices
sim = ["devices=[sim:0, sim:1, sim:2]"]
pace = "layer_ms: 1"
slow = f"slow: {{rank: 1, factor: {arguments.factor}, from: %d}}"
plain, _ = finish(*start("sim-plain", *sim, f"sim={{{pace}}}"))
process, run = start("sim-slowed", *sim, "recut=auto", f"sim={{{pace}, {slow % SLOW}}}")
slowed, moves = finish(process, run)
best = best_of(around(cuts_of(run)), lambda cuts: finish(*start(
    "sim-best", *sim, f"partition={{cuts: {list(cuts)}}}", "steps=20", f"sim={{{pace}, {slow % 0}}}"))[0])
table("sim", plain, slowed, best, moves)


# Two cores: a busy process on the second one, whose weight leaves the worker 1 / factor of it
def hog():
    # The system's weights of nice values fall by 1.25 a step.
    nice = min(range(-19, 20), key=lambda n: abs(1024 / (1024 + 1024 * 1.25 ** -n) - 1 / arguments.factor))
    return subprocess.Popen(["taskset", "-c", str(CORES[-1]), "nice", "-n", str(nice), sys.executable, "-c", "while True: pass"])


plain, _ = finish(*start("cpu-plain"))
process, run = start("cpu-slowed", "recut=auto")
while len(steps(run)) < SLOW and process.poll() is None:
    time.sleep(0.002)
busy = hog()
try:
    slowed, moves = finish(process, run)
    best = best_of(around(cuts_of(run)), lambda cuts: finish(*start(
        "cpu-best", f"partition={{cuts: {list(cuts)}}}", "steps=30"))[0])
finally:
    busy.kill()
table("cpu", plain, slowed, best, moves)
shutil.rmtree(folder)
