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
import os
import random
import shutil
import signal
import subprocess
import sys
import time

from damage import Damages, damage
from every_call import EveryCall
from lab import Lab, await_none, lines, quantile
from matrix import matrix
from spare import spare
from stall import stall

KINDS = ["worker", "worker", "worker", "coordinator", "coordinator", "interrupt", "stop", "truncate", "flip", "restart"]


def one_fault(lab, run, kind, dice, record):
    """Starts the run, or lets it go on, and disturbs it. Returns how it was disturbed."""
    process = lab.start(run)
    begun = time.monotonic()
    first = len(lines(run + "/metrics.jsonl"))
    # Some while the workers start, most in a step, some while a checkpoint is written.
    place = dice.choice(["start", "step", "step", "step", "save"])
    target = first + dice.randrange(1, max(2, lab.steps // 4))
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
    target = dice.randrange(1, lab.steps // 2)
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


def seeded_lab(args):
    lab = Lab(args.program, args.steps, args.every, args.precision, full=args.full and os.geteuid() == 0)
    lab.restarting = lab.write("restarting.yaml", 3, more="restart: {attempts: 100, window: 1h}\n")
    # Going on with other stages and another schedule changes no bit.
    lab.others = [lab.write("two.yaml", 2, "zb-h1"), lab.write("four.yaml", 4, "gpipe"), lab.write("one.yaml", 1)]
    lab.measure()
    return lab


def seeded(args):
    lab = seeded_lab(args)
    record, failures = {}, 0
    kinds = args.kinds.split(",") if args.kinds else KINDS
    kinds = kinds + (["full"] if lab.disk else []) + (["call", "call"] if args.strace else [])
    for number in range(args.count):
        dice = random.Random(args.seed * 1_000_003 + number)
        run = f"{lab.disk or lab.folder}/run-{number}"
        told = []
        for _ in range(dice.choice([1, 1, 2, 3])):
            kind = dice.choice(kinds)
            if kind == "restart":
                what, code = one_restart(lab, run, dice, record)
            elif kind == "call":
                what, code = one_system_call(lab, run, dice)
            elif kind == "full":
                what, code = one_full_disk(lab, run, dice, record)
            else:
                what, code = one_fault(lab, run, kind, dice, record)
            told.append(f"{what} → {code}")
            left = await_none(lambda: lab.leftovers(run), 10)
            if left:
                told.append(f"left behind: {left}")
        codes = []
        while len(codes) < 3 and (not codes or codes[-1] != 0):
            codes.append(resume(lab, run, record, dice))
        wrong = lab.check(run) if codes[-1] == 0 else [f"resuming ended with {codes}"]
        wrong += [text for text in told if text.startswith("left")]
        failures += bool(wrong)
        print(f"{number}: {'; '.join(told)}: {'equal' if not wrong else ' / '.join(wrong)}", flush=True)
        if not wrong:
            shutil.rmtree(run)
            shutil.rmtree(run + ".scratch")
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
    else:
        shutil.rmtree(lab.folder)
    return failures == 0


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
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, of those below")
    parser.add_argument("--every-call", action="store_true", help="a fault at each call of a save in turn: needs cc")
    parser.add_argument("--only", default="", help="of these, those that match: 'ENOSPC at write steps/.*optimizer'")
    parser.add_argument("--all-calls", action="store_true", help="of all calls that change a file of the run")
    parser.add_argument("--damage", type=int, default=0, help="so many flipped bits, and a cut at each 4 KiB boundary")
    parser.add_argument("--matrix", action="store_true", help="save at 1 to 4 stages, go on at 1 to 4")
    parser.add_argument("--stall", type=float, default=0, help="a worker stopped for so many seconds")
    parser.add_argument("--spare", type=int, default=0, help="so many kills of workers that spares replace")
    args = parser.parse_args()
    chosen = [
        (args.every_call, lambda: EveryCall(args).run()), (args.damage, lambda: Damages(args).run()),
        (args.matrix, lambda: matrix(args)), (args.stall, lambda: stall(args)), (args.spare, lambda: spare(args)),
    ]
    chosen = [body for is_chosen, body in chosen if is_chosen] or [lambda: seeded(args)]
    if not all([body() for body in chosen]):
        sys.exit(1)


if __name__ == "__main__":
    main()
