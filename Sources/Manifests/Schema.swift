import Models
import Notation
import Optimizers

/// Which keys a pipeline manifest knows, and where.
enum Schema {
    static let pipeline = [
        "name", "model", "devices", "memory", "partition", "schedule", "virtual", "batch", "precision", "products",
        "recompute", "optimizer", "train", "lora", "groups", "learning_rate", "clip", "on_nan", "deadlines",
        "data", "evaluate", "steps", "seed", "weights", "log_every", "events", "metrics", "sim", "by_hand",
        "checkpoint", "restart", "mirror", "spares", "elastic", "recut", "replicas", "lanes", "zero", "tensor",
        "links", "compress", "speculate",
    ]
    static let batch = ["micro", "microbatches", "global"]
    static var learningRate: [String] { LearningRate.syntax.description.keys }
    static let sources = ["text", "tokens", "samples", "shards", "random", "rows"]
    static let data = sources + ["tokenizer", "type", "sequence", "order", "pack", "inputs", "targets"]
    static let evaluate = ["data", "every", "samples", "keep_best"]
    /// What a held-out source may have beside it: samples are as long as the training data's, in their file's order.
    static let heldOut = sources + ["tokenizer", "type", "inputs", "targets"]
    static let faults = ["slow", "link", "read_ms"]
    static let sim = ["layer_ms", "gflops", "network"] + faults
    static let network = ["gbps", "ms"]
    static let slow = ["stage", "ms", "every"]
    static let slowRank = ["rank", "factor", "from"]
    static let link = ["from", "to", "ms"]
    static let links = ["gbps", "ms", "between"]
    static let linksBetween = ["hosts", "gbps", "ms"]
    static let compress = ["to", "links"]
    static let partition = ["cuts"]
    static let schedule = ["file", "name", "ranks"]
    static let recompute = ["every", "layers"]
    static let onNaN = ["rewind"]
    static let precision = ["f16"]
    static let lora = ["rank", "alpha", "dropout", "rslora", "targets", "from"]
    static let group = ["match", "lr", "lr_factor", "weight_decay"]
    static var lossScale: [String] { LossScaler.Settings.syntax.description.keys }

    /// Where a key is looked for that stands in the wrong place, in this order.
    static var sections: [Field.Section] {
        let sections =
            [("", pipeline), ("model", Sequential.keys + PipelineManifest.Pretrained.keys), ("batch", batch)]
            + OptimizerKinds.descriptions.map { ("optimizer.\($0.name)", $0.keys) }
            + [
                ("optimizer", OptimizerKinds.registry.names), ("learning_rate", learningRate), ("data", data),
                ("evaluate", evaluate), ("evaluate.data", heldOut),
                ("deadlines", PipelineManifest.Deadlines.keys), ("checkpoint", PipelineManifest.Checkpoint.keys),
                ("restart", PipelineManifest.Restart.keys), ("recut", PipelineManifest.Recut.keys),
                ("sim", sim), ("sim.network", network), ("sim.slow", slow), ("sim.link", link),
                ("links", links), ("compress", compress),
                ("partition", partition), ("schedule", schedule), ("recompute", recompute), ("on_nan", onNaN),
                ("precision", precision),
                ("lora", lora),
                ("precision.f16", lossScale),
            ]
        return sections.map { (path: String, keys: [String]) in Field.Section(path: path, keys: keys) }
    }
}
