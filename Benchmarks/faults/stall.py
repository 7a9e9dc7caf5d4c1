"""A receiver that stands still: faults.py --stall 30

Worker 1 of two is stopped (SIGSTOP) for so many seconds while GPipe's worker 0 has sixteen micro-batches of 1 MiB to send it. With
`deadlines.heartbeat` above that, nobody ends: the message after the stop is the one after the message before it, and losses and
weights are those of an undisturbed run. Meanwhile what is queued for the link is measured where it may lie: what the kernel holds for
worker 0's sockets (`ss`), and what worker 0's memory grew by. A link may have `credit` messages on their way, three here.
"""
import os
import re
import shutil
import signal
import subprocess
import time

from lab import Lab, lines

MODEL = """\
layers:
  - embedding: {vocab: 61, width: 512, positions: 128}
  - linear: {in: 512, out: 512}
  - layer-norm: {width: 512}
  - linear: {in: 512, out: 61, bias: false}
loss: cross-entropy
"""
PAYLOAD, CREDIT, LIMIT = 1 << 20, 3, 8 << 20


def kernel_bytes(process):
    """What is sent and not received of a process's sockets, in bytes of kernel memory."""
    text = subprocess.run(["ss", "-xmpH", "state", "connected"], capture_output=True, text=True, check=True).stdout
    text += subprocess.run(["ss", "-tmpH", "state", "connected"], capture_output=True, text=True, check=True).stdout
    text = re.sub(r"\n\s+skmem", " skmem", text)
    sockets = [line for line in text.split("\n") if f"pid={process}," in line]
    return sum(int(found[1]) for line in sockets if (found := re.search(r"skmem:\(r\d+,rb\d+,t(\d+)", line)))


def resident_bytes(process):
    with open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def stall(args):
    lab = Lab(args.program, steps=12, every=12, model=MODEL)
    pipeline = lab.write("gpipe.yaml", 2, "gpipe", f"deadlines: {{step: 3600, heartbeat: {2 * args.stall + 10:.0f}}}\n")
    with open(pipeline) as file:
        text = file.read().replace("micro: 2, microbatches: 4", "micro: 4, microbatches: 16")
    with open(pipeline, "w") as file:
        file.write(text.replace("sequence: 16", "sequence: 128").replace("random: 4001", "random: 40001"))
    lab.measure("whole", pipeline)
    run = lab.folder + "/stalled"
    process = lab.start(run, pipeline)
    while process.poll() is None and len(lines(run + "/metrics.jsonl")) < 4:
        time.sleep(0.001)
    workers = lab.workers(process.pid)
    before = resident_bytes(workers[0])
    os.kill(workers[1], signal.SIGSTOP)
    end, kernel, resident = time.monotonic() + args.stall, 0, 0
    while time.monotonic() < end:
        kernel = max(kernel, kernel_bytes(workers[0]))
        resident = max(resident, resident_bytes(workers[0]))
        time.sleep(0.2)
    done = len(lines(run + "/metrics.jsonl"))
    os.kill(workers[1], signal.SIGCONT)
    code = process.wait(timeout=600)
    wrong = lab.check(run) + ([] if code == 0 else [f"it ended with {code}"])
    queued = kernel + max(0, resident - before)
    if queued > LIMIT:
        wrong.append(f"{queued} bytes are queued, expected {LIMIT} at most")
    if not 4 <= done <= 5:
        wrong.append(f"{done} steps were done at the end of the stop: it stopped nothing")
    print(f"stopped for {args.stall:.0f} s behind step {done} of {lab.steps}: " + (
        "no disconnect, the same bits" if not wrong else " / ".join(wrong + [lab.output(run)])))
    print(f"queued for the link at most: {kernel / PAYLOAD:.2f} MiB in the kernel, and worker 0 grew by "
          f"{(resident - before) / PAYLOAD:.2f} MiB; credit {CREDIT}, payloads of 1 MiB, limit {LIMIT >> 20} MiB")
    if not wrong:
        shutil.rmtree(lab.folder)
    return not wrong
