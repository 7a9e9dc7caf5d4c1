"""A line for each round of `run`, or for all of them: tokens/s, their ratio, memory, the largest difference of a loss."""
import json, statistics, sys

folder, rounds = sys.argv[1], [int(r) for r in sys.argv[2:]] or [1, 2, 3]


def ours(r):
    steps = [json.loads(line) for line in open(f"{folder}/ours.{r}") if line.startswith("{")]
    steps = [s for s in steps if "step" in s and "loss" in s]
    peak = steps[-1]["peak_bytes"]
    return dict(rate=statistics.median(s["tokens_per_s"] for s in steps[2:]), losses=[s["loss"] for s in steps],
                peak=max(peak if isinstance(peak, list) else peak.values()) / 2**20)


def theirs(r, stages):
    return json.load(open(f"{folder}/theirs.{stages}.{r}"))


mine = {r: ours(r) for r in rounds}
for stages, name in ((2, "PyTorch, two stages"), (0, "PyTorch, one process")):
    peer = {r: theirs(r, stages) for r in rounds}
    ratio = statistics.median(mine[r]["rate"] / peer[r]["tokens_per_s"] for r in rounds)
    loss = max(abs(x - y) / y for r in rounds for x, y in zip(mine[r]["losses"], peer[r]["losses"]))
    print(f"{'all' if len(rounds) > 1 else f'round {rounds[0]}'}: Echelon "
          f"{statistics.median(m['rate'] for m in mine.values()):.1f} tok/s, {name} "
          f"{statistics.median(p['tokens_per_s'] for p in peer.values()):.1f} tok/s: {ratio:.3f} x; fattest process "
          f"{max(m['peak'] for m in mine.values()):.0f} of {max(p['peak_mib'] for p in peer.values())} MiB; "
          f"losses differ by {loss:.1e}")
