"""A tiny model's runs in a folder of their own: starting them, looking for what they leave, comparing their bits."""
import glob
import hashlib
import json
import os
import subprocess
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
"""


def sha(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def lines(path):
    try:
        with open(path) as file:
            return [line for line in file.read().split("\n") if line.endswith("}")]
    except FileNotFoundError:
        return []


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def await_none(look, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not look():
            return []
        time.sleep(0.02)
    return look()


def step_folders(run):
    """The folders of checkpoints that count, the oldest first."""
    return sorted(path for path in glob.glob(run + "/steps/*") if os.path.basename(path).isdigit())


def newest_step(run):
    return max(step_folders(run), default=None)


def files_below(folder):
    paths = glob.glob(folder + "/**", recursive=True)
    return sorted(path for path in paths if os.path.isfile(path) and os.path.getsize(path) > 0)


def why_damaged(step):
    """What is wrong with a checkpoint's folder, by a reader of its own; None where it is whole."""
    try:
        with open(step + "/trainer_state.json", "rb") as file:
            text = file.read()
        state = json.loads(text)
        own = state["own_sha256"]
        if hashlib.sha256(text.replace(own.encode(), b"0" * 64)).hexdigest() != own:
            return "trainer_state.json"
        if state["step"] != int(os.path.basename(step)):
            return "its step"
        for entry in state["files"]:
            path = f"{step}/{entry['name']}"
            if os.path.getsize(path) != entry["bytes"] or sha(path) != entry["sha256"]:
                return entry["name"]
        if {os.path.relpath(path, step) for path in files_below(step)} != {f["name"] for f in state["files"]} | {
            "trainer_state.json"}:
            return "files that it does not name"
    except (OSError, ValueError, KeyError) as error:
        return str(error)
    return None


class Lab:
    def __init__(self, program, steps=60, every=5, precision="f32", model=MODEL, full=False, parent=None):
        self.program = os.path.abspath(program)
        self.steps, self.every, self.precision = steps, every, precision
        self.folder = tempfile.mkdtemp(prefix="echelon-faults-", dir=parent)
        self.write_text("model.yaml", model)
        self.pipeline = self.write("pipeline.yaml", 3)
        self.expected = None
        self.disk = None
        if full:
            self.disk = self.folder + "/disk"
            os.mkdir(self.disk)
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", self.disk], check=True)

    def write_text(self, name, text):
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(text)
        return f"{self.folder}/{name}"

    def write(self, name, devices, schedule="1f1b", more="", precision=None):
        """Makes a pipeline's file. Returns its path."""
        cores = sorted(os.sched_getaffinity(0))[:2]
        text = PIPELINE
        for key, value in {
            "DEVICES": "[" + ", ".join(f"cpu:{cores[i % len(cores)]}" for i in range(devices)) + "]",
            "SCHEDULE": schedule, "PRECISION": precision or self.precision, "STEPS": str(self.steps),
            "EVERY": str(self.every),
        }.items():
            text = text.replace(key, value)
        return self.write_text(name, text + more)

    def scratch(self, run):
        """Where a run's processes keep what is to be gone when they are."""
        path = run + ".scratch"
        os.makedirs(path, exist_ok=True)
        return path

    def start(self, run, pipeline=None, before=(), resume="auto", more=(), environment=None):
        command = [self.program, "train", pipeline or self.pipeline, "--run-dir", run, "--quiet"]
        command += ["--resume", resume]
        variables = dict(os.environ, TMPDIR=self.scratch(run), XDG_CACHE_HOME=self.folder + "/cache")
        variables.update(environment or {})
        with open(run + ".output", "ab") as log:
            return subprocess.Popen(
                list(before) + command + list(more), env=variables, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def output(self, run):
        with open(run + ".output", errors="replace") as file:
            return file.read()

    def measure(self, name="whole", pipeline=None):
        """Trains undisturbed: what all others are compared with."""
        run = f"{self.folder}/{name}"
        code = self.start(run, pipeline).wait()
        if code != 0:
            raise SystemExit(f"the undisturbed run ended with {code}: {self.output(run)}")
        self.expected = self.result(run)
        return self.expected

    def result(self, run):
        found = [json.loads(line) for line in lines(run + "/metrics.jsonl")]
        return {
            "losses": [(line["step"], line["loss"], line["grad_norm"], line["loss_scale"]) for line in found],
            "weights": sha(run + "/model.safetensors") if os.path.exists(run + "/model.safetensors") else None,
            "best": sha(run + "/best/model.safetensors") if os.path.exists(run + "/best/model.safetensors") else None,
            "evaluations": [
                (line["step"], line["loss"], line["best"]) for line in map(json.loads, lines(run + "/evaluations.jsonl"))],
        }

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

    def leftovers(self, run):
        """Processes that should not be there once a run is over."""
        left = []
        for entry in glob.glob("/proc/[0-9]*/environ"):
            process = entry.split("/")[2]
            try:
                with open(entry, "rb") as file:
                    words = file.read().split(b"\0")
                if f"TMPDIR={run}.scratch".encode() in words:
                    with open(f"/proc/{process}/cmdline") as file:
                        left.append(f"process {process}: {file.read()}")
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass
        return left

    def files_left(self, run):
        left = [
            path for path in glob.glob(run + "/**", recursive=True)
            if ".tmp-" in path or path.endswith((".partial", ".gone", ".old"))]
        return left + [f"{run}.scratch/{name}" for name in os.listdir(run + ".scratch")]

    def check(self, run, expected=None):
        """What is not as in the undisturbed run, or left."""
        expected, found, wrong = expected or self.expected, self.result(run), []
        if found["losses"] != expected["losses"]:
            pairs = zip(found["losses"], expected["losses"])
            first = next((i for i, pair in enumerate(pairs) if pair[0] != pair[1]), None)
            wrong.append(f"losses differ: {len(found['losses'])} lines, the first other one is {first}")
        wrong += [f"{key} differ" for key in ("weights", "best", "evaluations") if found[key] != expected[key]]
        left = await_none(lambda: self.leftovers(run), 10) + self.files_left(run)
        return wrong + [f"left: {name}" for name in left]
