"""PyTorch's side: full f32 training of a Hugging Face Llama model with AdamW, in one process or as a two-stage pipeline.

    python pytorch.py MODEL TOKENS --stages 0      one process, as many threads as cores
    python pytorch.py MODEL TOKENS --stages 2      torch.distributed.pipelining, 1F1B, one process and thread a stage

The layers are transformers' own (`LlamaForCausalLM`, scaled-dot-product attention). A pipeline's first and last stage
each hold the tied embedding; they add their gradients once a step, and clip nothing. TOKENS is a file of u16 ids;
sample i is its ids [i*T, i*T + T], the step k takes samples k*G … k*G + G - 1 in order. Prints a line of JSON: tokens/s
(median of the steps after two), the losses, and the largest process's peak memory in MiB.
"""
import argparse, json, os, resource, statistics, time
import numpy as np
import torch, torch.nn as nn, torch.nn.functional as F
import torch.distributed as dist, torch.multiprocessing as mp
from transformers import AutoModelForCausalLM


class Part(nn.Module):
    """A run of the model's layers: hidden states in and out, ids in at the first stage, logits out at the last."""

    def __init__(self, whole, layers, first, last):
        super().__init__()
        body = whole.model
        self.layers = nn.ModuleList(body.layers[i] for i in layers)
        self.rotary = body.rotary_emb
        self.embedding = body.embed_tokens if first else None
        self.norm = body.norm if last else None
        self.head = whole.lm_head if last else None

    def forward(self, x):
        h = self.embedding(x) if self.embedding is not None else x
        positions = torch.arange(h.shape[1])[None]
        rotary = self.rotary(h, positions)
        for layer in self.layers:
            h = layer(h, attention_mask=None, position_ids=positions, position_embeddings=rotary)
        return self.head(self.norm(h)) if self.head is not None else h


def loss_of(logits, target):
    return F.cross_entropy(logits.float().view(-1, logits.shape[-1]), target.view(-1))


def batches(a):
    data = torch.from_numpy(np.fromfile(a.tokens, np.uint16).astype(np.int64))
    group, total = a.micros, (len(data) - 1) // a.seq
    for step in range(a.steps):
        at = [((step * group + i) % total) * a.seq for i in range(group)]
        yield torch.stack([data[o:o + a.seq] for o in at]), torch.stack([data[o + 1:o + 1 + a.seq] for o in at])


def cuts(whole, stages):
    """The first layer of each stage, and the end: equal shares of the weights that are multiplied, the head's included."""
    layers = whole.model.layers
    layer = sum(p.numel() for p in layers[0].parameters())
    total = len(layers) + whole.lm_head.weight.numel() / layer
    return [min(round(total * s / stages), len(layers)) for s in range(stages)] + [len(layers)]


def work(rank, a, q):
    stages = max(a.stages, 1)
    torch.set_num_threads(a.threads)
    whole = AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.float32, attn_implementation="sdpa")
    whole.train()
    at = cuts(whole, stages)
    first, last = rank == 0, rank == stages - 1
    part = Part(whole, range(at[rank], at[rank + 1]), first, last)
    tied = whole.model.embed_tokens.weight
    del whole
    opt = torch.optim.AdamW(part.parameters(), lr=a.lr, weight_decay=0.0, fused=True)
    if a.stages:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(a.port), GLOO_SOCKET_IFNAME="lo")
        dist.init_process_group("gloo", rank=rank, world_size=stages)
        from torch.distributed import pipelining
        stage = pipelining.PipelineStage(part, rank, stages, torch.device("cpu"))
        schedule = pipelining.Schedule1F1B(stage, a.micros, loss_fn=loss_of)
        ends = dist.new_group([0, stages - 1])
    times, losses = [], []
    for x, y in batches(a):
        if a.stages:
            dist.barrier()
        t, ls = time.perf_counter(), []
        if not a.stages:
            for xm, ym in zip(x.chunk(a.micros), y.chunk(a.micros)):
                loss = loss_of(part(xm), ym)
                (loss / a.micros).backward()
                ls.append(loss.detach())
        else:
            schedule.step(*([x] if first else []), **(dict(target=y, losses=ls) if last else {}))
            if stages > 1 and (first or last):
                dist.all_reduce(tied.grad, group=ends)
        opt.step(); opt.zero_grad()
        if a.stages:
            dist.barrier()
        times.append(time.perf_counter() - t)
        losses.append(sum(l.item() for l in ls) / max(len(ls), 1))
    peak = torch.tensor([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024])
    if a.stages:
        dist.all_reduce(peak, op=dist.ReduceOp.MAX)
    if last:
        q.put(dict(stages=a.stages, tokens_per_s=round(a.micros * a.seq / statistics.median(times[2:]), 1),
                   losses=losses, peak_mib=int(peak)))
    if a.stages:
        dist.barrier(); dist.destroy_process_group()


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("model"); p.add_argument("tokens")
    for k, v in dict(stages=2, seq=256, micros=8, steps=6, threads=0, port=29517).items():
        p.add_argument("--" + k, type=int, default=v)
    p.add_argument("--lr", type=float, default=1e-4)
    a = p.parse_args()
    a.threads = a.threads or (1 if a.stages else os.cpu_count())
    context = mp.get_context("spawn")
    q = context.SimpleQueue()
    processes = [context.Process(target=work, args=(r, a, q)) for r in range(max(a.stages, 1))]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise SystemExit("a stage failed")
    print(json.dumps(q.get()))
