extension MistakeTests {
    /// Keys that are unknown, missing, or do not go together.
    static let keys: [Mistake] = [
        change(
            ["microbatches": "8"],
            "p/x.yaml:6:1: unknown key \"microbatches\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, products, recompute, optimizer, train, lora, groups, learning_rate, clip, on_nan, deadlines, data, evaluate, steps, seed, weights, log_every, events, metrics, sim, by_hand, checkpoint, restart, mirror, spares, elastic, recut, replicas, lanes, zero, tensor, links, compress or speculate; did you mean \"batch.microbatches\"?"
        ),
        change(
            ["batch": "{micro: 2, microbatchs: 8}"],
            "p/x.yaml:3:19: unknown key \"microbatchs\" in batch; expected micro, microbatches or global; did you mean \"microbatches\"?"
        ),
        change(
            ["learning-rate": "{warmup: 2}"],
            "p/x.yaml:6:1: unknown key \"learning-rate\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, products, recompute, optimizer, train, lora, groups, learning_rate, clip, on_nan, deadlines, data, evaluate, steps, seed, weights, log_every, events, metrics, sim, by_hand, checkpoint, restart, mirror, spares, elastic, recut, replicas, lanes, zero, tensor, links, compress or speculate; did you mean \"learning_rate\"?"
        ),
        change(
            ["lr": "1e-3"],
            "p/x.yaml:6:1: unknown key \"lr\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, products, recompute, optimizer, train, lora, groups, learning_rate, clip, on_nan, deadlines, data, evaluate, steps, seed, weights, log_every, events, metrics, sim, by_hand, checkpoint, restart, mirror, spares, elastic, recut, replicas, lanes, zero, tensor, links, compress or speculate; did you mean \"optimizer.adamw.lr\"?"
        ),
        change(
            ["sequence": "8"],
            "p/x.yaml:6:1: unknown key \"sequence\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, products, recompute, optimizer, train, lora, groups, learning_rate, clip, on_nan, deadlines, data, evaluate, steps, seed, weights, log_every, events, metrics, sim, by_hand, checkpoint, restart, mirror, spares, elastic, recut, replicas, lanes, zero, tensor, links, compress or speculate; did you mean \"data.sequence\"?"
        ),
        change(
            ["warmup": "8"],
            "p/x.yaml:6:1: unknown key \"warmup\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, products, recompute, optimizer, train, lora, groups, learning_rate, clip, on_nan, deadlines, data, evaluate, steps, seed, weights, log_every, events, metrics, sim, by_hand, checkpoint, restart, mirror, spares, elastic, recut, replicas, lanes, zero, tensor, links, compress or speculate; did you mean \"learning_rate.warmup\"?"
        ),
        change(
            ["zebra": "8"],
            "p/x.yaml:6:1: unknown key \"zebra\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, products, recompute, optimizer, train, lora, groups, learning_rate, clip, on_nan, deadlines, data, evaluate, steps, seed, weights, log_every, events, metrics, sim, by_hand, checkpoint, restart, mirror, spares, elastic, recut, replicas, lanes, zero, tensor, links, compress or speculate"
        ),
        change(
            ["layers": "[relu]"],
            "p/x.yaml:6:1: unknown key \"layers\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, products, recompute, optimizer, train, lora, groups, learning_rate, clip, on_nan, deadlines, data, evaluate, steps, seed, weights, log_every, events, metrics, sim, by_hand, checkpoint, restart, mirror, spares, elastic, recut, replicas, lanes, zero, tensor, links, compress or speculate; did you mean \"model.layers\"?"
        ),
        change(
            ["evaluate": "{data: {text: b.txt}}"],
            "p/x.yaml:6:11: evaluate lacks the key \"every\"; expected data and every"),
        change(
            ["evaluate": "{data: {text: b.txt}, every: 0}"],
            "p/x.yaml:6:40: evaluate.every is 0; expected a whole number of at least 1"),
        change(
            ["evaluate": "{data: {text: b.txt, sequence: 8}, every: 2}"],
            "p/x.yaml:6:32: unknown key \"sequence\" in evaluate.data; expected text, tokens, samples, shards, random, rows, tokenizer, type, inputs or targets; did you mean \"data.sequence\"?"
        ),
        change(
            ["evaluate": "{data: {text: b.txt, type: u16}, every: 2}"],
            "p/x.yaml:6:32: evaluate.data.type has no effect beside evaluate.data.text; expected text and tokenizer only"
        ),
        change(
            ["evaluate": "{data: {}, every: 2}"],
            "p/x.yaml:6:18: evaluate.data without a source; expected one of text, tokens, samples, shards, random and rows"
        ),
        change(
            ["evaluate": "{data: {rows: b.f32, inputs: 2, targets: 1}, every: 2}"],
            "p/x.yaml:6:25: evaluate.data.rows with the loss cross-entropy; expected loss: mean-squared-error for rows"),
        change(
            ["devices": "[sim:0, sim:1]", "evaluate": "{data: {text: b.txt}, every: 2}"],
            "p/x.yaml:6:11: evaluate on simulated devices, which compute no loss; expected cpu devices, or no evaluate"),
        change(
            ["steps": nil],
            "p/x.yaml:1:1: the manifest lacks the key \"steps\"; expected model, devices, batch, data and steps"),
        change(
            ["model": nil],
            "p/x.yaml:1:1: the manifest lacks the key \"model\"; expected model, devices, batch, data and steps"),
        change(
            ["batch": "{micro: 2}"],
            "p/x.yaml:3:8: batch gives only micro; expected two of micro, microbatches and global"),
        change(
            ["batch": "{micro: 2, microbatches: 8, global: 20}"],
            "p/x.yaml:3:44: batch.global is 20, but micro × microbatches is 2 × 8; expected their product, or one of the three left out; did you mean \"16\"?"
        ),
        change(
            ["batch": "{micro: 4, global: 30}"],
            "p/x.yaml:3:27: batch.global is 30, no multiple of batch.micro, which is 4; expected a multiple of 4; did you mean \"32\"?"
        ),
        change(
            ["devices": "[cpu:0, cpu:1, cpu:2]", "replicas": "2"],
            "p/x.yaml:6:11: replicas is 2, for 3 devices; expected a number that divides that of the devices: each replica has equally many"
        ),
        change(
            ["batch": "{micro: 4, global: 12}", "replicas": "2"],
            "p/x.yaml:3:27: batch.global is 12, no multiple of batch.micro × replicas (2), which is 8; expected a multiple of 8; did you mean \"16\"?"
        ),
        change(
            ["batch": "{micro: 2, microbatches: 8, global: 16}", "replicas": "2"],
            "p/x.yaml:3:44: batch.global is 16, but micro × microbatches × replicas (2) is 2 × 8 × 2; expected their product, or one of the three left out; did you mean \"32\"?"
        ),
        change(
            ["lanes": "6"],
            "p/x.yaml:6:8: lanes is 6; expected a power of two: then any number of replicas that divides it adds in one order; did you mean \"4\"?"
        ),
        change(
            ["replicas": "2", "lanes": "1"],
            "p/x.yaml:7:8: lanes is 1, no multiple of replicas, which is 2; expected as many for each replica"),
        change(
            ["batch": "{micro: 2, microbatches: 6}", "lanes": "4"],
            "p/x.yaml:6:8: lanes is 4, for 6 micro-batches in a step; expected a number that divides them: each lane adds equally many"
        ),
        change(
            ["replicas": "2", "zero": "3"],
            "p/x.yaml:7:7: zero: 3 shares out weights too, and would gather them for every micro-batch; expected 0 or 1; more stages make each device's part of weights and gradients smaller"
        ),
        change(
            ["replicas": "2", "mirror": "true"],
            "p/x.yaml:7:9: mirror with 2 replicas; expected one replica, or no mirror; elastic goes on with the replicas that are left"
        ),
        change(
            ["speculate": "true"],
            "p/x.yaml:6:12: speculate where no update waits for a gradient norm; expected clip or precision: f16, or no speculate"
        ),
        change(
            ["speculate": "true", "clip": "1", "replicas": "2", "zero": "1"],
            "p/x.yaml:6:12: speculate with zero: 1; expected zero: 0, or no speculate"),
        change(
            ["batch": "8"], "p/x.yaml:3:8: batch is 8; expected a mapping with the keys micro, microbatches and global"),
        Mistake(
            yaml: Pipelines.yaml() + "steps: 6\n",
            message: "p/x.yaml:5:1: the key \"steps\" stands here and again below; expected it once"),
        change(
            ["data": "{text: a.txt, type: u16, sequence: 16}"],
            "p/x.yaml:4:21: data.type has no effect beside data.text; expected text, tokenizer, sequence and order only"
        ),
        change(
            ["data": "{text: a.txt, tokens: b.u16, sequence: 16}"],
            "p/x.yaml:4:7: data with 2 sources: text and tokens; expected one of text, tokens, samples, shards, random and rows"
        ),
        change(
            ["data": "{sequence: 16}"],
            "p/x.yaml:4:7: data without a source; expected one of text, tokens, samples, shards, random and rows"),
        change(
            ["data": "{samples: s.jsonl, type: u16}"],
            "p/x.yaml:4:26: data.type has no effect beside data.samples; expected samples, sequence, order and pack only"
        ),
        change(
            ["data": "{tokens: b.u16}"],
            "p/x.yaml:4:7: data.tokens without data.sequence; expected sequence: how many tokens a sample holds"),
        change(
            ["data": "{random: 16, sequence: 16}"],
            "p/x.yaml:4:7: 16 random tokens for a sequence of 16; expected at least one token more than the sequence; did you mean \"17\"?"
        ),
        change(
            ["data": "{text: [], sequence: 16}"],
            "p/x.yaml:4:14: data.text is an empty list; expected a list of text files"),
        change(
            ["data": "{rows: r.f32, inputs: 8}"],
            "p/x.yaml:4:14: data.rows with the loss cross-entropy; expected loss: mean-squared-error for rows"),
        change(
            ["sim": "{layer_ms: 20}"],
            "p/x.yaml:6:6: sim has no effect without sim devices; expected sim devices, or no sim"),
        change(
            ["devices": "[sim:0, sim:1]", "sim": "{slow: {stage: 2, ms: 5}}"],
            "p/x.yaml:6:21: sim.slow.stage is 2; expected a whole number from 0 to 1"),
        change(
            ["devices": "[sim:0, sim:1]", "sim": "{link: {from: 0, too: 1, ms: 5}}"],
            "p/x.yaml:6:23: unknown key \"too\" in sim.link; expected from, to or ms; did you mean \"to\"?"),
        change(
            ["devices": "[sim:0, sim:1]", "sim": "{layer_ms: 5, gflops: 1, read_ms: 0}"],
            "p/x.yaml:6:6: sim is a mapping (layer_ms, gflops and read_ms); expected either layer_ms or gflops"),
        change(
            ["devices": "[sim:0, sim:1]", "sim": "{read_ms: 0}"],
            "p/x.yaml:6:16: sim.read_ms is 0; expected a number above 0 and at most 3600000"),
        change(
            ["links": "{ms: 10}"],
            "p/x.yaml:6:8: links lacks the key \"gbps\"; expected gbps"),
        change(
            ["links": "{between: [{hosts: [a, a], gbps: 1}]}"],
            "p/x.yaml:6:27: links.between.0.hosts is a list; expected two different hosts, as [node-a, node-b]"),
        change(
            ["links": "{between: [{hosts: [a, b], gbps: 1}, {hosts: [b, a], gbps: 2}]}"],
            "p/x.yaml:6:45: b and a for the second time; expected each pair once"),
        change(
            ["compress": "int4"], "p/x.yaml:6:11: compress is int4; expected bf16 or int8; did you mean \"int8\"?"),
        change(
            ["compress": "{to: int8, links: [[0, 2]]}"],
            "p/x.yaml:6:34: compress.links.0.1 is 2; expected a whole number from 0 to 1"),
        change(
            ["compress": "bf16", "precision": "bf16"],
            "p/x.yaml:6:11: compress is bf16, with precision: bf16; expected int8, or none: activations have 16 bits there"
        ),
        change(
            ["compress": "int8", "devices": "[cpu:0]"],
            "p/x.yaml:6:11: compress, with one stage; expected none: no message passes between stages"),
        change(
            ["learning_rate": "{minimum: 1e-5}"],
            "p/x.yaml:6:17: learning_rate.minimum has no effect without a decay; expected warmup and decay only"
        ),
        change(
            ["optimizer": "{sgd: {dampening: 0.1}}"],
            "p/x.yaml:6:19: optimizer.sgd.dampening has no effect without momentum; expected lr, momentum and weight_decay only"
        ),
    ]
}
