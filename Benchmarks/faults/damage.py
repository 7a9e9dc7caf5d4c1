"""Damaged checkpoints and the real program: faults.py --damage 200

A finished run keeps three checkpoints. Copies of it have a file of the newest one cut off, at each boundary of 4 KiB in turn, or a
bit of one flipped, as often as `--damage` says. `train --resume auto` must name the file, keep the folder under another name, go on
from the checkpoint before, and end with the same bits.
"""
import concurrent.futures
import json
import os
import random
import shutil

from lab import Lab, files_below, lines, newest_step, step_folders

BLOCK = 4096


def flip(path, bit):
    with open(path, "r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0] ^ (1 << bit % 8)
        file.seek(bit // 8)
        file.write(bytes([byte]))


def damage(run, kind, dice):
    """Cuts a file of the newest checkpoint off, or flips a bit of it. Returns its name."""
    step = newest_step(run)
    if step is None:
        return None
    path = dice.choice(files_below(step))
    size = os.path.getsize(path)
    if kind == "truncate":
        os.truncate(path, min(size - 1, dice.choice([0, size - 1, size // BLOCK * BLOCK, dice.randrange(size)])))
    else:
        flip(path, dice.randrange(8 * size))
    return os.path.relpath(path, run)


class Damages:
    def __init__(self, args):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.lab = Lab(args.program, steps=6, every=2, precision=args.precision, parent=memory)
        self.count, self.seed, self.jobs = args.damage, args.seed, args.jobs

    def work(self, step):
        """Cuts at each block's beginning, then flips, spread over all bytes of all files."""
        names = [os.path.relpath(path, step) for path in files_below(step)]
        sizes = {name: os.path.getsize(f"{step}/{name}") for name in names}
        cuts = [("cut", name, at) for name in names for at in range(0, sizes[name], BLOCK)]
        dice, flips = random.Random(self.seed), []
        for number in range(self.count):
            # Each file in turn: large ones would take them all.
            name = names[number % len(names)]
            flips.append(("flip", name, dice.randrange(8 * sizes[name])))
        return cuts + flips

    def one(self, number, whole, kind, name, place):
        lab, run = self.lab, f"{self.lab.folder}/damaged-{number}"
        shutil.copytree(whole, run)
        *_, before, step = step_folders(run)
        path = f"{step}/{name}"
        if kind == "cut":
            os.truncate(path, place)
        else:
            flip(path, place)
        code = lab.start(run).wait(timeout=120)
        wrong = [] if code == 0 else [f"it ended with {code}"]
        said = lab.output(run)
        if f"{os.path.basename(step)}/{name}" not in said or "is damaged, and passed over" not in said:
            wrong.append("the file is not named")
        if not os.path.isdir(step + ".damaged"):
            wrong.append("it is not set aside")
        begun = [json.loads(line)["step"] for line in lines(run + "/attempts.jsonl")][-1]
        if begun != int(os.path.basename(before)):
            wrong.append(f"it goes on from step {begun}")
        wrong += lab.check(run)
        if wrong:
            wrong.append(said)
        else:
            for folder in (run, run + ".scratch"):
                shutil.rmtree(folder)
        return wrong

    def run(self):
        self.lab.measure()
        whole = self.lab.folder + "/whole"
        work = self.work(newest_step(whole))
        failed = dict(cut=0, flip=0)
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            runs = [pool.submit(self.one, i, whole, *one) for i, one in enumerate(work)]
            for one, done in zip(work, runs):
                if wrong := done.result():
                    failed[one[0]] += 1
                    print(f"{one}: " + " / ".join(wrong), flush=True)
        for kind, name in [("cut", "cuts at a boundary of 4 KiB"), ("flip", "flipped bits")]:
            count = sum(one[0] == kind for one in work)
            print(f"{count - failed[kind]} of {count} {name}: named, passed over, the same bits")
        if not any(failed.values()):
            shutil.rmtree(self.lab.folder)
        return not any(failed.values())
