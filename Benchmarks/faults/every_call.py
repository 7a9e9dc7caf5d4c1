"""A fault at every call that changes a run's files: faults.py --every-call

An undisturbed run lists its calls below `steps/` and of the final weights, from the fourth checkpoint on: three are kept by
then, so that the first is removed as well. Then each of them in turn is the moment at which the process is killed; each write
is also cut short, torn (half of it, then a kill) or refused by a full disk; each wait for the disk fails; and whatever makes a
name is refused by a full disk. After each, the newest whole checkpoint, as a reader of its own finds it, must be the one from which
`--resume auto` goes on, to the same bits.
"""
import collections
import concurrent.futures
import errno
import json
import os
import re
import shutil
import subprocess

from lab import Lab, await_none, lines, step_folders, why_damaged

MODEL = """\
layers:
  - embedding: {vocab: 61, width: 16, positions: 16}
  - transformer: {width: 16, heads: 2, dropout: 0.1}
  - layer-norm: {width: 16}
  - linear: {in: 16, out: 61, bias: false}
loss: cross-entropy
"""
STATE = re.compile(r"^\w+ (steps|model\.safetensors)")


def actions(point):
    kind, found = point.split()[0], [("kill", "kill")]
    if kind == "write":
        found += [("torn write", "torn"), ("short write", "short")]
    # What cannot be written of metrics and events is told, and missing: no error of theirs ends a run.
    is_state = bool(STATE.match(point))
    if is_state and kind in ("write", "create", "rename", "mkdir", "reserve"):
        found.append(("ENOSPC", str(errno.ENOSPC)))
    if kind in ("fsync", "fdatasync") or is_state and kind == "write":
        found.append(("EIO", str(errno.EIO)))
    return found


class EveryCall:
    def __init__(self, args):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.lab = Lab(args.program, steps=10, every=2, precision=args.precision, model=MODEL, parent=memory)
        self.lab.pipeline = self.lab.write("evaluated.yaml", 3, more="evaluate: {data: {random: 331}, every: 2}\n")
        self.jobs, self.only, self.all = args.jobs, args.only, args.all_calls
        self.shim = self.lab.folder + "/calls.so"
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "calls.c")
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O2", "-o", self.shim, source], check=True)

    def environment(self, run, **more):
        return {"LD_PRELOAD": self.shim, "CALLS_ROOT": run, "CALLS_LOG": run + ".calls"} | more

    def points(self):
        """The calls of an undisturbed run, in their order."""
        run = self.lab.folder + "/listed"
        if self.lab.start(run, environment=self.environment(run)).wait() != 0:
            raise SystemExit(f"the run that is listed failed: {self.lab.output(run)}")
        found = [line for line in open(run + ".calls").read().split("\n") if line]
        if self.all:
            return list(dict.fromkeys(found))
        first = next(i for i, line in enumerate(found) if "00000008" in line)
        return list(dict.fromkeys(line for line in found[first:] if STATE.match(line)))

    def one(self, number, point, action):
        """Returns whether the call was reached, how the run ended, and what is wrong."""
        lab, run, wrong = self.lab, f"{self.lab.folder}/run-{number}", []
        environment = self.environment(run, CALLS_POINT=point, CALLS_ACTION=action)
        process = lab.start(run, environment=environment)
        try:
            code = process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            return True, "none: it hangs", ["it does not end"]
        is_reached = os.path.getsize(run + ".calls") > 0
        wrong += [f"left: {name}" for name in await_none(lambda: lab.leftovers(run), 10)]
        steps = step_folders(run)
        whole = [step for step in steps if not why_damaged(step)]
        wrong += [f"{step} counts and is damaged: {why_damaged(step)}" for step in steps if step not in whole]
        codes = []
        while len(codes) < 2 and (not codes or codes[-1] != 0):
            codes.append(lab.start(run).wait(timeout=120))
        if codes != [0]:
            wrong.append(f"resuming ended with {codes}")
        attempts = [json.loads(line) for line in lines(run + "/attempts.jsonl")]
        begun = int(os.path.basename(whole[-1])) if whole else 0
        # Where only the weights are missing, no attempt begins.
        if begun != lab.steps and attempts[-1]["step"] != begun:
            wrong.append(f"it goes on from step {attempts[-1]['step']}, not {begun}")
        wrong += lab.check(run)
        if wrong:
            wrong.append(lab.output(run)[-2000:])
        else:
            shutil.rmtree(run)
            shutil.rmtree(run + ".scratch")
        return is_reached, str(code), wrong

    def run(self):
        points = self.points()
        work = [(point, name, action) for point in points for name, action in actions(point)]
        if self.only:
            work = [one for one in work if re.search(self.only, f"{one[1]} at {one[0]}")]
        self.lab.measure()
        counts = collections.Counter(point.split()[0] for point in points)
        print("calls: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())), flush=True)
        table = collections.defaultdict(collections.Counter)
        failures = 0
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            runs = [pool.submit(self.one, i, point, action) for i, (point, _, action) in enumerate(work)]
            for (point, name, _), done in zip(work, runs):
                is_reached, code, wrong = done.result()
                row = table[(name, point.split()[0])]
                row.update(tried=1, reached=is_reached, equal=is_reached and not wrong)
                row.update([f"exit {code}"])
                failures += bool(wrong)
                if wrong:
                    print(f"{name} at {point} → {code}: " + " / ".join(wrong), flush=True)
        print(f"{'fault':12} {'call':10} {'tried':>6} {'reached':>8} {'equal':>6}  how the run ended")
        for (name, kind), row in sorted(table.items()):
            ends = ", ".join(f"{key[5:]}: {row[key]}" for key in sorted(row) if key.startswith("exit "))
            print(f"{name:12} {kind:10} {row['tried']:6} {row['reached']:8} {row['equal']:6}  {ends}")
        reached, equal = (sum(row[key] for row in table.values()) for key in ("reached", "equal"))
        print(f"{equal} of {reached} faults: a whole checkpoint, the same bits, nothing left")
        if failures:
            print(f"see {self.lab.folder}")
        else:
            shutil.rmtree(self.lab.folder)
        return failures == 0
