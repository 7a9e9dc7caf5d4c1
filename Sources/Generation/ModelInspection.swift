import Checkpoints
import Families
import Layers
import Manifests
import Models
import Planning
package import Runs
import Scheduling
import Systems
import Tensors
import Tokenizers

/// What a model's folder or file holds, and what training it takes.
package struct ModelInspection {
    private let source: ModelSource
    private let graph: ModelGraph
    private let sequence: Int

    /// - Throws: bad input: files that hold no model, or tensors that do not fit it, all of them listed.
    package init(path: String) throws(RunFailure) {
        source = try ModelSource(path: path)
        sequence = source.manifest?.data.sequence ?? min(source.family?.contextLength ?? 256, 256)
        graph = try source.graph(length: sequence)
    }

    /// A few lines.
    package func text() throws(RunFailure) -> String {
        var lines = ["\(source.path.printable()): \(source.family?.family ?? "a model of this program's own layers")"]
        lines.append(
            "  parameters  \(Self.grouped(graph.parameterCount))\(graph.ties.isEmpty ? "" : " (tied ones once)")")
        let divisible = Set(graph.entries.filter { $0.part != nil }.map(\.layer)).count
        lines.append(
            "  layers      \(graph.layerCount), cuts may stand between any two"
                + (divisible > 0 ? " and inside \(divisible) of them" : ""))
        if let family = source.family {
            lines.append(
                "  vocabulary  \(Self.grouped(family.vocabulary)) ids; context \(Self.grouped(family.contextLength))")
        }
        lines.append("  tensors     \(tensors)")
        lines.append("  tokenizer   \(tokenizer)")
        lines += (source.family?.notes ?? []).map { "  note        \($0)" }
        return
            (lines + ["", "Training with AdamW in f32, one sequence of \(sequence) tokens at a time:"]
            + (try training()))
            .joined(separator: "\n")
    }

    private var tensors: String {
        switch source.weights {
        case .native(let weights):
            return "\(weights.tensors.count), \(Self.kinds(weights.tensors.map(\.type.description)))"
        case .pretrained(let mapped):
            let tensors = mapped.weights.tensors
            let files = mapped.weights.files.count
            return
                "\(tensors.count) in \(files == 1 ? "one file" : "\(files) files"), \(mapped.weights.byteCount.bytesText): "
                + Self.kinds(tensors.map { $0.encoding.description })
        }
    }

    /// `211 × bf16, 61 × f32`
    private static func kinds(_ names: [String]) -> String {
        Dictionary(grouping: names) { $0 }.mapValues(\.count).sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
    }

    private var tokenizer: String {
        do {
            guard let tokenizer = try FamilyTokenizer.load(firstOf: source.familyPlaces) else { return "none" }
            return "\(Self.grouped(tokenizer.vocabularySize)) tokens, \(tokenizer.specialIds.count) of them special"
        } catch {
            return "not readable: \(error)"
        }
    }

    /// What the fullest worker takes, and all of them together.
    private func training() throws(RunFailure) -> [String] {
        let limit = MemoryLimit.together
        return try [1, 2, 4, 8].filter { $0 <= graph.layerCount }.map { stages throws(RunFailure) in
            let manifest = PipelineManifest(
                source.model, devices: (0..<stages).map { .cpu($0) },
                data: .random(count: 2 * sequence, sequence: sequence),
                batch: .init(micro: 1, microBatches: max(stages, 1)), steps: 1, partition: .parameters)
            let plan = try TrainingPlan(manifest)
            let ranks = plan.placement.ranks.map { plan.memory(ofRank: $0) }
            let sum = ranks.reduce(0) { $0.saturatingPlus($1) }
            let verdict = sum <= limit.bytes ? "fits this machine" : "does not fit this machine"
            return "  \(stages) stage\(stages == 1 ? " " : "s")  \(sum.bytesText) in all, the fullest worker "
                + "\((ranks.max() ?? 0).bytesText): \(verdict) (\(limit.bytes.bytesText))"
        }
    }

    /// `134,515,008`
    private static func grouped(_ number: Int) -> String {
        var digits = Array(String(number))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }
}
