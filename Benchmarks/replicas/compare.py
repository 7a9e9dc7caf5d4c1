#!/usr/bin/env python3
"""Two replicas of one stage against PyTorch's DDP, on the same weights, tokens and cores, in turns.

    Benchmarks/replicas/compare.py --peers DIR [--rounds 3] [--dtype bf16] [--compile] [--set key=value …]

PYTHON names the interpreter that has torch. Prints each round, the median of the ratios, and how far the losses are apart.
"""
import argparse, json, os, pathlib, shutil, statistics, subprocess, sys, tempfile

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
p = argparse.ArgumentParser()
p.add_argument("--peers", required=True)
p.add_argument("--rounds", type=int, default=3); p.add_argument("--steps", type=int, default=8)
p.add_argument("--dtype", default="f32", choices=["f32", "bf16"]); p.add_argument("--compile", action="store_true")
p.add_argument("--set", action="append", default=[])
a = p.parse_args()
python = os.environ.get("PYTHON", sys.executable)
# Both get all of the processor: what the interpreter was told to avoid for others' sake would slow it down.
environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
cores = sorted(os.sched_getaffinity(0))[:2]
work = pathlib.Path(tempfile.mkdtemp(prefix="echelon-replicas-"))


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


try:
    run([python, f"{a.peers}/pytorch_pipeline.py", "--export", str(work)])
    ratios = []
    for number in range(1, a.rounds + 1):
        ddp = json.loads(run([python, str(here / "ddp.py"), "--peers", a.peers, "--dtype", a.dtype, "--steps", str(a.steps)]
                             + (["--compile"] if a.compile else [])).splitlines()[-1])
        options = [f"devices=[{', '.join(f'cpu:{c}' for c in cores)}]", "replicas=2", "batch={micro: 2, global: 16}",
                   f"precision={a.dtype}", f"steps={a.steps}", f"weights={work}/init.safetensors",
                   f"data={{tokens: {work}/tokens.u16, type: u16, sequence: 256, order: sequential}}"] + a.set
        run([os.environ.get("ECHELON", str(root / ".build/release/echelon")), "train", str(root / "pipelines/bench-gpt.yaml"), "--quiet",
             "--run-dir", str(work / f"run-{number}")] + [x for o in options for x in ("--set", o)])
        steps = [json.loads(line) for line in (work / f"run-{number}/metrics.jsonl").open()]
        own = statistics.median(s["tokens_per_s"] for s in steps[2:])
        apart = max(abs(s["loss"] - l) / l for s, l in zip(steps, ddp["losses"]))
        ratios.append(own / ddp["tokens_per_s"])
        print(f"round {number}: Echelon {own:.0f} tok/s, DDP {ddp['tokens_per_s']:.0f}: {ratios[-1]:.3f}; "
              f"losses within {apart:.1e} of DDP's in {len(steps)} steps; "
              f"{max(steps[-1]['peak_bytes']) >> 20} and {ddp['peak_mib']} MiB a process", flush=True)
    print(f"median: {statistics.median(ratios):.3f} ({a.dtype}, torch {ddp['torch']})")
finally:
    shutil.rmtree(work)
