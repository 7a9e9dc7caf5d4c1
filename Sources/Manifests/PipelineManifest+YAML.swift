import Models
import Notation
import Optimizers
import Partitioning

extension PipelineManifest {
    /// The whole configuration: every default written out, the model inline, its `repeat` blocks written out, every
    /// path absolute. It loads back to an equal value, wherever it lies; only marks and the spelling of paths differ.
    public func resolvedYAML() -> String {
        var lines = [
            "name: \(YAML.quoted(name))", "devices: \(YAML.list(devices.map(\.description)))",
            "memory: \(memory.map { YAML.list($0.map { "\($0)B" }) } ?? "null")",
            "partition: \(partition.yaml)", "schedule: \(schedule.yaml)",
            "batch: {micro: \(batch.micro), \(batch.restYAML)}", "precision: \(precision.yaml)",
            "optimizer: {\(optimizer.yaml)}", "train: \(train.map(YAML.quoted) ?? "null")",
            "lora: \(lora?.yaml ?? "null")",
            "groups: \(groups.isEmpty ? "null" : YAML.list(groups.map(\.yaml)))", "\(learningRate.yaml)",
            "clip: \(clip.map(YAML.number) ?? "null")", "on_nan: \(onNaN.yaml)", "deadlines: \(deadlines.yaml)",
            "data: \(data.yaml)", "steps: \(steps)", "seed: \(seed)",
            "weights: \(weights.map(YAML.path) ?? "null")", "log_every: \(logEvery)", "events: \(events)B",
            "metrics: \(YAML.list(metrics.map(\.rawValue)))", "by_hand: \(YAML.list(byHand.map(String.init)))",
        ]
        if schedule != .auto || isRecomputeWritten { lines.insert("recompute: \(recompute.text)", at: 7) }
        if case .named = schedule { lines.insert("virtual: \(virtual)", at: 5) }
        if let evaluation { lines.append("evaluate: \(evaluation.yaml)") }
        if devices.allSatisfy({ $0.kind != .sim }) { lines.append("checkpoint: \(checkpoint?.yaml ?? "null")") }
        lines += replicationYAML + networkYAML + continuityYAML + speculationYAML + products.yaml
        if devices.contains(where: { $0.kind == .sim }) { lines.append("sim: \(simulation.yaml)") }
        lines.append("model:")
        if let pretrained { lines.append("  \(pretrained.key): \(YAML.path(pretrained.path))") }
        lines += model.resolvedYAML().split(separator: "\n").map { "  \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension PipelineManifest.Partition {
    fileprivate var yaml: String {
        switch self {
        case .uniform: "uniform"
        case .parameters: "parameters"
        case .flops: "flops"
        case .profile: "profile"
        case .auto: "auto"
        case .type(let pattern): YAML.quoted("type:\(pattern)")
        case .cuts(let cuts): "{cuts: \(cuts.text)}"
        }
    }
}

extension PipelineManifest.Data {
    fileprivate var yaml: String {
        "{\(source.yaml)\(sequence.map { ", sequence: \($0)" } ?? "")\(isPacked ? ", pack: true" : ""), order: \(order.rawValue)}"
    }
}

extension PipelineManifest.Data.Source {
    /// Without the braces.
    var yaml: String {
        switch self {
        case .text(let paths): "text: \(YAML.list(paths.map(YAML.path))), tokenizer: bytes"
        case .tokens(let path, let type): "tokens: \(YAML.path(path)), type: \(type.rawValue)"
        case .samples(let path): "samples: \(YAML.path(path))"
        case .shards(let path): "shards: \(YAML.path(path))"
        case .random(let count): "random: \(count)"
        case .rows(let path, let inputs, let targets):
            "rows: \(YAML.path(path)), inputs: \(inputs), targets: \(targets)"
        }
    }
}
