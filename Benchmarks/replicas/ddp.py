"""PyTorch's DistributedDataParallel trains the benchmark GPT over gloo, one process and one core for each replica.

    python ddp.py --peers DIR --replicas 2 [--compile] [the options of DIR/pytorch_pipeline.py]

Model, weights, tokens and order are those of DIR/pytorch_pipeline.py; `--micros` counts the micro-batches of a step over all
replicas, of which each takes a contiguous part. Gradients are reduced while the last micro-batch's backward goes on (no_sync
before it). Prints one line of JSON: tokens/s (median over the steps after two of warm-up) and losses.
"""
import argparse, json, os, resource, sys, time
import torch, torch.distributed as dist, torch.multiprocessing as mp


def work(rank, a, q):
    sys.path.insert(0, a.peers)
    import pytorch_pipeline as peer
    torch.set_num_threads(1)
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[rank % len(os.sched_getaffinity(0))]})
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(a.port), GLOO_SOCKET_IFNAME="lo")
    dist.init_process_group("gloo", rank=rank, world_size=a.replicas)
    amp = torch.autocast("cpu", torch.bfloat16, enabled=a.dtype == "bf16", cache_enabled=False)
    whole = peer.build(a)
    own = a.micros // a.replicas
    net = torch.nn.parallel.DistributedDataParallel(torch.compile(whole, dynamic=False) if a.compile else whole)
    opt = torch.optim.AdamW(whole.parameters(), lr=1e-3, fused=True)
    times, losses = [], []
    for x, y in peer.batches(a):
        x, y = (z.chunk(a.micros)[rank * own:(rank + 1) * own] for z in (x, y))
        dist.barrier()
        start, total = time.perf_counter(), 0.0
        for i, (xm, ym) in enumerate(zip(x, y)):
            def both():
                with amp:
                    loss = peer.loss_of(net(xm), ym)
                (loss / own).backward()
                return loss.item()
            if i + 1 < own:
                with net.no_sync():
                    total += both()
            else:
                total += both()
        opt.step(); opt.zero_grad()
        dist.barrier()
        times.append(time.perf_counter() - start)
        mean = torch.tensor([total / own], dtype=torch.float64)
        dist.all_reduce(mean)
        losses.append(mean.item() / a.replicas)
    if rank == 0:
        seconds = sorted(times[2:])[len(times[2:]) // 2]
        q.put(dict(peer="ddp", torch=torch.__version__, replicas=a.replicas, compiled=a.compile, dtype=a.dtype,
                   tokens_per_s=round(a.micro * a.micros * a.seq / seconds, 1), step_s=round(seconds, 4),
                   peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, losses=losses))
    dist.barrier(); dist.destroy_process_group()


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    for k, v in dict(replicas=2, layers=8, width=512, heads=8, vocab=8192, seq=256, micro=2, micros=8, steps=8, port=29517).items():
        p.add_argument("--" + k, type=int, default=v)
    p.add_argument("--peers", required=True); p.add_argument("--compile", action="store_true")
    p.add_argument("--dtype", default="f32", choices=["f32", "bf16"])
    a = p.parse_args()
    context = mp.get_context("spawn"); q = context.Queue()
    processes = [context.Process(target=work, args=(rank, a, q)) for rank in range(a.replicas)]
    [x.start() for x in processes]
    print(json.dumps(q.get(timeout=900)))
    [x.join() for x in processes]
