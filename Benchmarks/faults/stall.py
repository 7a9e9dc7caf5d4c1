"""A receiver that stands still: faults.py --stall 30

Worker 1 of two stands still for so many seconds while GPipe's worker 0 has sixteen micro-batches of 1 MiB to send it: first its thread
that computes (by ptrace), while its network thread receives and sends heartbeats; then the whole process (SIGSTOP), with
`deadlines.heartbeat` above that time. Nobody ends: the message after the stop is the one after the message before it, and losses and
weights are those of an undisturbed run. Meanwhile what is queued for the link is measured where it may lie: what the kernel holds for
both workers' sockets (`ss`), and what their memory grew by. A link may have `credit` messages on their way, three here.
"""
import contextlib
import ctypes
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


@contextlib.contextmanager
def held_thread(process):
    """The first thread of a process, which computes, stands still; the others go on."""
    seize, interrupt, detach, wall = 0x4206, 0x4207, 17, 0x40000000
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def trace(request):
        if library.ptrace(request, process, None, None) != 0:
            raise SystemExit(f"ptrace: {os.strerror(ctypes.get_errno())}")

    trace(seize)
    trace(interrupt)
    os.waitpid(process, wall)
    yield
    trace(detach)


@contextlib.contextmanager
def held_process(process):
    os.kill(process, signal.SIGSTOP)
    yield
    os.kill(process, signal.SIGCONT)


def one(lab, name, hold, pipeline, seconds):
    run = f"{lab.folder}/{name.replace(chr(32), chr(45))}"
    process = lab.start(run, pipeline)
    while process.poll() is None and len(lines(run + "/metrics.jsonl")) < 4:
        time.sleep(0.001)
    workers = list(lab.workers(process.pid).items())
    before = {worker: resident_bytes(worker) for _, worker in workers}
    kernel, grown = 0, 0
    with hold(dict(workers)[1]):
        end = time.monotonic() + seconds
        while time.monotonic() < end and process.poll() is None:
            kernel = max(kernel, sum(kernel_bytes(worker) for _, worker in workers))
            grown = max(grown, sum(resident_bytes(worker) - before[worker] for _, worker in workers))
            time.sleep(0.2)
        done = len(lines(run + "/metrics.jsonl"))
    code = process.wait(timeout=600)
    wrong = lab.check(run) + ([] if code == 0 else [f"it ended with {code}"])
    if kernel + grown > LIMIT:
        wrong.append(f"{kernel + grown} bytes are queued, expected {LIMIT} at most")
    if not 4 <= done <= 6:
        wrong.append(f"{done} steps were done at the end of the stop: it stopped nothing")
    print(f"{name} of worker 1 held for {seconds:.0f} s behind step {done} of {lab.steps}: " + (
        "no disconnect, the same bits" if not wrong else " / ".join(wrong + [lab.output(run)])))
    print(f"  queued at most: {kernel / PAYLOAD:.2f} MiB in the kernel, and both workers grew by {grown / PAYLOAD:.2f} MiB; "
          f"credit {CREDIT}, payloads of 1 MiB, limit {LIMIT >> 20} MiB", flush=True)
    return not wrong


def stall(args):
    lab = Lab(args.program, steps=12, every=12, model=MODEL)

    def pipeline(name, deadlines):
        path = lab.write(name, 2, "gpipe", f"deadlines: {{{deadlines}}}\n")
        with open(path) as file:
            text = file.read().replace("micro: 2, microbatches: 4", "micro: 4, microbatches: 16")
        return lab.write_text(name, text.replace("sequence: 16", "sequence: 128").replace("4001", "40001"))

    usual = pipeline("usual.yaml", "step: 3600")
    lab.measure("whole", usual)
    good = one(lab, "the computing thread", held_thread, usual, args.stall)
    patient = pipeline("patient.yaml", f"step: 3600, heartbeat: {2 * args.stall + 10:.0f}")
    good &= one(lab, "the process", held_process, patient, args.stall)
    if good:
        shutil.rmtree(lab.folder)
    return good
