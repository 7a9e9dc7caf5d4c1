#!/usr/bin/env python3
"""Replicas of simulated devices over a simulated network: tokens per second beside one replica's, what of the exchange is
hidden, and what `plan` predicted.

    Benchmarks/replicas/simulated.py            two replicas of four stages at three bandwidths, then eight of eight
"""
import json, os, pathlib, re, shutil, statistics, subprocess, sys, tempfile

root = pathlib.Path(__file__).resolve().parent.parent.parent
echelon = os.environ.get("ECHELON", str(root / ".build/release/echelon"))
work = pathlib.Path(tempfile.mkdtemp(prefix="echelon-simulated-"))


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def train(name, stages, replicas, blocks, width, milliseconds, batch, gbps, steps):
    """Trains, and returns tokens/s, the predicted tokens/s, and the smallest hidden share."""
    pipeline = work / f"{name}.yaml"
    pipeline.write_text(f"""model:
  layers:
    - embedding: {{vocab: {16 * width}, width: {width}, positions: 128}}
    - repeat: {blocks}
      layers:
        - transformer: {{width: {width}, heads: 4}}
    - linear: {{in: {width}, out: {16 * width}, bias: false}}
  loss: cross-entropy
devices: [{', '.join(f'sim:{n}' for n in range(stages * replicas))}]
replicas: {replicas}
batch: {batch}
partition: uniform
clip: 1.0
data: {{random: 100001, sequence: 128}}
sim: {{layer_ms: {milliseconds}, network: {{gbps: {gbps}, ms: 0.05}}}}
steps: {steps}
""")
    run(echelon, "train", pipeline, "--quiet", "--run-dir", work / name)
    rates = [json.loads(line)["tokens_per_s"] for line in (work / name / "metrics.jsonl").open()][2:]
    predicted = json.loads(run(echelon, "plan", pipeline, "--json"))["prediction"]["tokens_per_second"]
    sums = json.loads(run(echelon, "report", work / name, "--json")).get("gradient_sums") or []
    hidden = min((1 - s["exposed_ms"] / s["under_way_ms"] for s in sums), default=None)
    shutil.rmtree(work / name)
    return statistics.median(rates), predicted, hidden


try:
    for gbps in (10, 1, 0.3):
        one, _, _ = train("one", 4, 1, 14, 256, 5, "{micro: 1, microbatches: 8}", gbps, 10)
        two, predicted, hidden = train("two", 4, 2, 14, 256, 5, "{micro: 1, microbatches: 8}", gbps, 10)
        print(f"{gbps} Gbit/s: {two:.0f} tok/s, {two / one / 2:.1%} of twice one replica's {one:.0f}; "
              f"at least {hidden:.0%} hidden; predicted {predicted:.0f} ({predicted / two - 1:+.1%})", flush=True)
    rate, predicted, hidden = train("many", 8, 8, 30, 128, 20, "{micro: 1, global: 128}", 1, 8)
    print(f"64 workers, 8 replicas of 8 stages: {rate:.0f} tok/s, predicted {predicted:.0f} ({predicted / rate - 1:+.1%}); "
          f"at least {hidden:.0%} hidden")
finally:
    shutil.rmtree(work, ignore_errors=True)
