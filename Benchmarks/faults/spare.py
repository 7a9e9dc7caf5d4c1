"""Workers that are lost one after the other, and none of their steps: faults.py --spare 200

Each run mirrors its states and has spare devices; workers are killed at any moment, several in a run, every fifth run under zb-h1.
Losses, gradient norms and weights must be those of the undisturbed run, byte for byte, and no step may be done again: the moment
between two lines of metrics with a kill between them is how long the run stood still.
"""
import os
import random
import re
import shutil
import signal
import time

from lab import Lab, lines, quantile


def one(lab, run, dice, schedule, stalls):
    spares = 4
    cores = sorted(os.sched_getaffinity(0))[:2]
    # As many names of two cores as there are spares: cpu:0 and cpu:1 are given over and over by restart.
    more = f"mirror: true\nspares: [{', '.join(f'cpu:{core}' for core in cores)}]\nrestart: {{attempts: {spares}}}\n"
    process = lab.start(run, lab.write(f"mirror-{schedule}.yaml", 3, schedule, more))
    kills = 0
    while not lines(run + "/metrics.jsonl") and process.poll() is None:
        time.sleep(0.002)
    for _ in range(dice.randint(1, spares)):
        time.sleep(dice.random() * 0.5)
        workers = lab.workers(process.pid)
        if process.poll() is not None or len(workers) < 3:
            break
        attempts, done = len(lines(run + "/attempts.jsonl")), len(lines(run + "/metrics.jsonl"))
        struck = time.monotonic()
        os.kill(workers[dice.choice(sorted(workers))], signal.SIGKILL)
        kills += 1
        while process.poll() is None and len(lines(run + "/attempts.jsonl")) == attempts:
            time.sleep(0.001)
        done = len(lines(run + "/metrics.jsonl"))
        while process.poll() is None and len(lines(run + "/metrics.jsonl")) <= done:
            time.sleep(0.001)
        if process.poll() is None:
            stalls.append(time.monotonic() - struck)
    code = process.wait(timeout=120)
    said = lab.output(run)
    return kills, code, said.count("takes over"), [int(n) for n in re.findall(r"(\d+) steps are done again", said)]


def spare(args):
    lab = Lab(args.program, steps=120, every=1000)
    lab.measure()
    dice, stalls, kills, taken, again, good, number = random.Random(args.seed), [], 0, 0, [], True, 0
    while kills < args.spare:
        run = f"{lab.folder}/spare-{number}"
        count, code, over, redone = one(lab, run, dice, "zb-h1" if number % 5 == 4 else "1f1b", stalls)
        wrong = lab.check(run) if code == 0 else [f"it ended with {code}"]
        if wrong:
            good = False
            print(f"run {number}, {count} kills: {wrong}; see {run}.output", flush=True)
        else:
            shutil.rmtree(run)
        kills, taken, again, number = kills + count, taken + over, again + redone, number + 1
    print(f"{kills} kills in {number} runs: {taken} taken over with a neighbour's copy, {len(again)} went back to a checkpoint "
          f"({sum(again)} steps done again)")
    print(f"from the kill until the next step was done: p50 {quantile(stalls, 0.5):.2f} s, p99 {quantile(stalls, 0.99):.2f} s, "
          f"at most {max(stalls):.2f} s")
    if good:
        shutil.rmtree(lab.folder)
    return good
