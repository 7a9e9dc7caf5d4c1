#!/usr/bin/env python3
"""Faults against real runs: make faults SEED=1 COUNT=50

A tiny model is trained undisturbed; then COUNT times with a fault at a seeded moment: a worker or the coordinator is killed
(while it starts, computes, or writes a checkpoint), a worker is stopped, an interrupt comes, the newest checkpoint is cut
off or has a bit flipped, or (as root) the disk is full. After each, `train --resume auto` goes on until the run is done.
Its losses and weights must be those of the undisturbed run, byte for byte, and nothing may be left: no process, no
socket, no half-written file.
"""
import argparse
import glob
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

MODEL = """\
layers:
  - embedding: {vocab: 61, width: 32, positions: 16}
  - transformer: {width: 32, heads: 2, dropout: 0.1}
  - transformer: {width: 32, heads: 2, dropout: 0.1}
  - transformer: {width: 32, heads: 2, dropout: 0.1}
  - layer-norm: {width: 32}
  - linear: {in: 32, out: 61, bias: false}
loss: cross-entropy
"""
PIPELINE = """\
model: model.yaml
devices: DEVICES
partition: uniform
schedule: SCHEDULE
precision: PRECISION
batch: {micro: 2, microbatches: 4}
optimizer: {adamw: {lr: 3e-3}}
learning_rate: {warmup: 5, decay: cosine, minimum: 1e-4}
clip: 1.0
data: {random: 4001, sequence: 16, order: shuffled}
steps: STEPS
seed: 7
checkpoint: {every: EVERY, keep_last: 3}
RESTART"""
KINDS = ["worker", "worker", "worker", "coordinator", "coordinator", "interrupt", "stop", "truncate", "flip", "restart"]


def sha(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def lines(path):
    try:
        with open(path) as file:
            return [line for line in file.read().split("\n") if line.endswith("}")]
    except FileNotFoundError:
        return []


class Lab:
    def __init__(self, program, args):
        self.program = os.path.abspath(program)
        self.args = args
        self.folder = tempfile.mkdtemp(prefix="echelon-faults-")
        self.scratch = os.path.join(self.folder, "tmp")
        os.mkdir(self.scratch)
        self.environment = dict(os.environ, TMPDIR=self.scratch, XDG_CACHE_HOME=self.folder + "/cache")
        with open(self.folder + "/model.yaml", "w") as file:
            file.write(MODEL)
        self.pipeline = self.write("pipeline.yaml", 3, "1f1b", "")
        self.restarting = self.write("restarting.yaml", 3, "1f1b", "restart: {attempts: 100, window: 1h}\n")
        # Going on with other stages and another schedule changes no bit.
        self.others = [
            self.write("two.yaml", 2, "zb-h1", ""), self.write("four.yaml", 4, "gpipe", ""),
            self.write("one.yaml", 1, "1f1b", ""),
        ]
        self.disk = None
        if args.full and os.geteuid() == 0:
            self.disk = self.folder + "/disk"
            os.mkdir(self.disk)
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", self.disk], check=True)

    def write(self, name, devices, schedule, restart):
        cores = sorted(os.sched_getaffinity(0))[:2]
        text = PIPELINE
        for key, value in {
            "DEVICES": "[" + ", ".join(f"cpu:{cores[i % len(cores)]}" for i in range(devices)) + "]",
            "SCHEDULE": schedule, "PRECISION": self.args.precision, "STEPS": str(self.args.steps),
            "EVERY": str(self.args.every), "RESTART": restart,
        }.items():
            text = text.replace(key, value)
        with open(self.folder + "/" + name, "w") as file:
            file.write(text)
        return self.folder + "/" + name

    def start(self, run, pipeline=None, before=()):
        command = [self.program, "train", pipeline or self.pipeline, "--run-dir", run, "--resume", "auto", "--quiet"]
        command = list(before) + command
        log = open(self.folder + "/output", "ab")
        return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def workers(self, parent):
        """Process ids of the coordinator's workers, by rank."""
        found = {}
        for entry in glob.glob("/proc/[0-9]*/stat"):
            try:
                fields = open(entry).read().rsplit(") ", 1)[1].split()
                if int(fields[1]) != parent or fields[0] == "Z":
                    continue
                words = open(os.path.dirname(entry) + "/cmdline").read().split("\0")
                if "--rank" in words:
                    found[int(words[words.index("--rank") + 1])] = int(entry.split("/")[2])
            except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
                pass
        return found

    def leftovers(self):
        """What should not be there once a run is over."""
        left = []
        for entry in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                text = open(entry, "rb").read().decode(errors="replace")
                if self.folder in text and int(entry.split("/")[2]) != os.getpid():
                    left.append(f"process {entry.split('/')[2]}: {text}")
            except (FileNotFoundError, ProcessLookupError):
                pass
        return left

    def files_left(self, run):
        left = [path for path in glob.glob(run + "/**", recursive=True) if ".tmp-" in path or path.endswith(".partial")]
        return left + [f"{self.scratch}/{name}" for name in os.listdir(self.scratch)]


def await_none(look, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not look():
            return []
        time.sleep(0.02)
    return look()


def newest_step(run):
    steps = [path for path in glob.glob(run + "/steps/*") if os.path.basename(path).isdigit()]
    return max(steps, default=None)


def damage(run, kind, dice):
    """Cuts a file of the newest checkpoint off, or flips a bit of it. Returns its name."""
    step = newest_step(run)
    if step is None:
        return None
    files = [p for p in glob.glob(step + "/**", recursive=True) if os.path.isfile(p) and os.path.getsize(p) > 0]
    path = dice.choice(sorted(files))
    size = os.path.getsize(path)
    if kind == "truncate":
        os.truncate(path, dice.choice([0, size - 1, size // 4096 * 4096, dice.randrange(size)]))
        if os.path.getsize(path) == size:
            os.truncate(path, size - 1)
    else:
        with open(path, "r+b") as file:
            at = dice.randrange(size)
            file.seek(at)
            byte = file.read(1)[0] ^ (1 << dice.randrange(8))
            file.seek(at)
            file.write(bytes([byte]))
    return os.path.relpath(path, run)


def one_fault(lab, run, kind, dice, record):
    """Starts the run, or lets it go on, and disturbs it. Returns how it was disturbed."""
    process = lab.start(run)
    begun = time.monotonic()
    first = len(lines(run + "/metrics.jsonl"))
    # Some while the workers start, most in a step, some while a checkpoint is written.
    place = dice.choice(["start", "step", "step", "step", "save"])
    target = first + dice.randrange(1, max(2, lab.args.steps // 4))
    while process.poll() is None:
        if place == "start" and time.monotonic() - begun > dice.random() * 0.4:
            break
        if place == "step" and len(lines(run + "/metrics.jsonl")) >= target:
            time.sleep(dice.random() * 0.01)
            break
        if place == "save" and glob.glob(run + "/steps/*.tmp-*/*"):
            time.sleep(dice.random() * 0.01)
            break
        time.sleep(0.001)
    if process.poll() is not None:
        return f"{kind} came too late", process.returncode
    workers = lab.workers(process.pid)
    if kind in ("worker", "stop") and workers:
        os.kill(workers[dice.choice(sorted(workers))], signal.SIGKILL if kind == "worker" else signal.SIGSTOP)
    elif kind == "interrupt":
        process.send_signal(dice.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
    else:
        process.kill()
    struck = time.monotonic()
    try:
        code = process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise SystemExit(f"{kind} at {place}: the run did not end within 60 s; see {lab.folder}")
    if kind in ("worker", "stop"):
        record.setdefault(kind, []).append(time.monotonic() - struck)
    what = kind
    if kind in ("truncate", "flip"):
        what = f"{kind} of {damage(run, kind, dice)}"
    return f"{what} at {place}", code


def one_restart(lab, run, dice, record):
    """Kills workers of a run that goes on by itself."""
    process = lab.start(run, lab.restarting)
    kills = 0
    for _ in range(dice.choice([1, 2, 3])):
        time.sleep(dice.random() * 1.5)
        workers = lab.workers(process.pid)
        if process.poll() is not None or not workers:
            break
        os.kill(workers[dice.choice(sorted(workers))], signal.SIGKILL)
        kills += 1
        struck, before = time.monotonic(), len(lines(run + "/attempts.jsonl"))
        while process.poll() is None and len(lines(run + "/attempts.jsonl")) == before:
            time.sleep(0.002)
        done = len(lines(run + "/metrics.jsonl"))
        while process.poll() is None and len(lines(run + "/metrics.jsonl")) <= done:
            time.sleep(0.002)
        if process.poll() is None:
            record.setdefault("restart", []).append(time.monotonic() - struck)
    code = process.wait(timeout=120)
    return f"restart after {kills} kills", code


def one_full_disk(lab, run, dice, record):
    """Fills the disk while the run goes on, and empties it before or after the run gives up."""
    process = lab.start(run)
    target = dice.randrange(1, lab.args.steps // 2)
    while process.poll() is None and len(lines(run + "/metrics.jsonl")) < target:
        time.sleep(0.001)
    state = os.statvfs(lab.disk)
    with open(lab.disk + "/ballast", "wb") as file:
        try:
            file.truncate(0)
            file.write(b"\0" * max(0, state.f_bavail * state.f_frsize - dice.randrange(300_000, 900_000)))
        except OSError:
            pass
    if dice.random() < 0.5:
        time.sleep(dice.random() * 0.3)
    else:
        process.wait(timeout=120)
    os.remove(lab.disk + "/ballast")
    return "a full disk", process.wait(timeout=120)


def one_system_call(lab, run, dice):
    """Kills whichever process makes the Nth call of a kind, or has that call fail: saving is made of such calls."""
    call, most = dice.choice([("rename", 60), ("fsync", 60), ("fdatasync", 12), ("mkdir", 12), ("write", 400)])
    number = dice.randrange(1, most)
    fault = "signal=SIGKILL"
    if call in ("fsync", "fdatasync") and dice.random() < 0.4:
        fault = "error=EIO"
    tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={number}"]
    code = lab.start(run, before=tracer).wait(timeout=300)
    return f"{fault} at {call} {number}", code


def resume(lab, run, record, dice):
    done = len(lines(run + "/metrics.jsonl"))
    start = time.monotonic()
    process = lab.start(run, dice.choice([lab.pipeline, lab.pipeline] + lab.others))
    seen = None
    while process.poll() is None:
        # Lines behind the checkpoint are taken out before new ones come.
        count = len(lines(run + "/metrics.jsonl"))
        if seen is None and count < done:
            done = count
        elif seen is None and count > done:
            seen = time.monotonic() - start
        time.sleep(0.002)
    if seen is not None:
        record.setdefault("recovery", []).append(seen)
    return process.returncode


def check(lab, run, expected):
    wrong = []
    losses = [(line["step"], line["loss"], line["grad_norm"]) for line in map(json.loads, lines(run + "/metrics.jsonl"))]
    if losses != expected["losses"]:
        first = next((i for i, pair in enumerate(zip(losses, expected["losses"])) if pair[0] != pair[1]), None)
        wrong.append(f"losses differ: {len(losses)} lines, the first other one is {first}")
    if sha(run + "/model.safetensors") != expected["weights"]:
        wrong.append("weights differ")
    wrong += [f"left: {name}" for name in await_none(lab.leftovers, 10) + lab.files_left(run)]
    return wrong


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=".build/release/echelon")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--kinds", default="")
    parser.add_argument("--full", action="store_true", help="with a full disk as well: a tmpfs, as root")
    parser.add_argument("--strace", action="store_true", help="with faults at chosen system calls as well: needs strace")
    args = parser.parse_args()
    lab = Lab(args.program, args)
    whole = lab.folder + "/whole"
    code = lab.start(whole).wait()
    if code != 0:
        raise SystemExit(f"the undisturbed run ended with {code}: {open(lab.folder + '/output').read()}")
    expected = {
        "losses": [(l["step"], l["loss"], l["grad_norm"]) for l in map(json.loads, lines(whole + "/metrics.jsonl"))],
        "weights": sha(whole + "/model.safetensors"),
    }
    record, failures = {}, 0
    kinds = args.kinds.split(",") if args.kinds else KINDS
    for number in range(args.count):
        dice = random.Random(args.seed * 1_000_003 + number)
        run = f"{lab.disk or lab.folder}/run-{number}"
        told = []
        for _ in range(dice.choice([1, 1, 2, 3])):
            kind = dice.choice(kinds + (["full"] if lab.disk else []) + (["call", "call"] if args.strace else []))
            if kind == "restart":
                what, code = one_restart(lab, run, dice, record)
            elif kind == "call":
                what, code = one_system_call(lab, run, dice)
            elif kind == "full":
                what, code = one_full_disk(lab, run, dice, record)
            else:
                what, code = one_fault(lab, run, kind, dice, record)
            told.append(f"{what} → {code}")
            left = await_none(lab.leftovers, 10)
            if left:
                told.append(f"left behind: {left}")
        codes = []
        while len(codes) < 3 and (not codes or codes[-1] != 0):
            codes.append(resume(lab, run, record, dice))
        wrong = check(lab, run, expected) if codes[-1] == 0 else [f"resuming ended with {codes}"]
        wrong += [text for text in told if text.startswith("left")]
        failures += bool(wrong)
        print(f"{number}: {'; '.join(told)}: {'equal' if not wrong else ' / '.join(wrong)}", flush=True)
        if not wrong:
            shutil.rmtree(run)
    print(f"{args.count - failures} of {args.count} runs went on to the same bits and left nothing behind")
    for name, title in [("worker", "a killed worker ends the attempt"), ("stop", "a stopped worker does"),
                        ("recovery", "from starting again to the next step"),
                        ("restart", "with restart, from the kill to the next step")]:
        if values := record.get(name):
            print(f"{title}: p50 {quantile(values, 0.5):.2f} s, p99 {quantile(values, 0.99):.2f} s of {len(values)}")
    if lab.disk:
        subprocess.run(["umount", "-l", lab.disk], check=False)
    if failures:
        print(f"see {lab.folder}")
        sys.exit(1)
    shutil.rmtree(lab.folder)


if __name__ == "__main__":
    main()
