import Layers
import Models
package import Notation

extension PipelineManifest.Data {
    /// The source, and what goes with it.
    static func decode(_ field: Field, for loss: any Loss) throws(ManifestError) -> Self {
        let (name, fields) = try oneSource(field, keys: Schema.data)
        let source = try fields.required(name)
        try fields.refuseInert(
            butFor: keys(of: name), because: "beside data.\(name)", cause: overriding(source.node, field.node))
        try check(loss, fits: source, isRows: name == "rows")
        return Self(
            source: try decodeSource(name, source, fields),
            sequence: try sequence(fields, name),
            order: try fields["order"].choice(
                or: ["text", "samples", "shards"].contains(name) ? .shuffled : .sequential),
            isPacked: try fields["pack"]?.bool() ?? false)
    }

    /// The one source that is written, by its key.
    static func oneSource(_ field: Field, keys: [String]) throws(ManifestError) -> (name: String, fields: Fields) {
        let fields = try Fields(field, keys: keys)
        let written = Schema.sources.filter { fields[$0] != nil }
        guard let name = written.first, written.count == 1 else {
            let found =
                written.isEmpty
                ? "\(field.path) without a source" : "\(field.path) with \(written.count) sources: \(written.listed)"
            throw field.error(found, expected: "one of \(Schema.sources.listed)")
        }
        return (name, fields)
    }

    /// Which keys mean something beside a source.
    static func keys(of source: String) -> [String] {
        switch source {
        case "text": ["text", "tokenizer", "sequence", "order"]
        case "tokens": ["tokens", "type", "sequence", "order"]
        case "samples", "shards": [source, "sequence", "order", "pack"]
        case "random": ["random", "sequence", "order"]
        default: ["rows", "inputs", "targets", "order"]
        }
    }

    /// A random source must hold one sample; a micro-batch must stay within what sizes are computed for.
    func check(_ field: Field, batch: PipelineManifest.Batch) throws(ManifestError) {
        guard let sequence else { return }
        guard rows(batch) * sequence <= Limit.microTokens else {
            throw field.error(batch.size(sequence), expected: Self.smallerBatch)
        }
        if case .random(let count) = source, count <= sequence {
            let found = "\(count) random tokens for a sequence of \(sequence)"
            throw field.error(
                found, expected: "at least one token more than the sequence", suggestion: "\(sequence + 1)")
        }
    }

    /// Of one micro-batch.
    package func rows(_ batch: PipelineManifest.Batch) -> Int { isPacked ? 1 : batch.micro }

    fileprivate static let smallerBatch = "at most \(Limit.microTokens) tokens"

    private static func overriding(_ source: YAMLNode, _ data: YAMLNode) -> Mark {
        data.mark.isOverride ? data.mark : source.mark
    }

    static func check(_ loss: any Loss, fits field: Field, isRows: Bool) throws(ManifestError) {
        let targets = type(of: loss).targets
        guard isRows != (targets == .numbers) else { return }
        let fitting = isRows ? MeanSquaredError.syntax.name : CrossEntropy.syntax.name
        throw field.error(
            "\(field.path) with the loss \(loss.kind)",
            expected: "loss: \(fitting) for \(isRows ? "rows" : "tokens")")
    }

    static func decodeSource(
        _ name: String, _ field: Field, _ fields: Fields
    ) throws(ManifestError) -> Source {
        switch name {
        case "text":
            _ = try fields["tokenizer"]?.choice(["bytes"])
            return .text(try texts(field))
        case "tokens":
            return .tokens(try field.filePath("a token file"), try fields["type"].choice(or: .u16))
        case "samples":
            return .samples(try field.filePath("a file of samples"))
        case "shards":
            return .shards(try field.filePath("a folder that `echelon data prepare` wrote"))
        case "random":
            return .random(count: try field.int(2...Limit.count))
        default:
            for key in ["inputs", "targets"] where fields[key] == nil {
                throw field.error(
                    "\(field.path) without \(fields.path).\(key)", expected: "how many \(key) a row holds")
            }
            let inputs = try fields.required("inputs").int(1...Limit.extent)
            let targets = try fields.required("targets").int(1...Limit.extent)
            return .rows(try field.filePath("a file of rows"), inputs: inputs, targets: targets)
        }
    }

    /// One path, or a list of them.
    private static func texts(_ field: Field) throws(ManifestError) -> [String] {
        if case .scalar = field.node.content { return [try field.filePath("a text file")] }
        var paths: [String] = []
        for entry in try field.list(of: "text files") { paths.append(try entry.filePath("a text file")) }
        return paths
    }

    private static func sequence(_ fields: Fields, _ source: String) throws(ManifestError) -> Int? {
        let mayLackOne = ["samples", "shards"].contains(source)
        if source == "rows" || mayLackOne && fields["sequence"].unlessNull == nil { return nil }
        guard let field = fields["sequence"] else {
            throw ManifestError(
                at: fields.mark, found: "data.\(source) without data.sequence",
                expected: "sequence: how many tokens a sample holds")
        }
        return try field.int(1...Limit.sequence)
    }
}

extension PipelineManifest.Batch {
    fileprivate func size(_ sequence: Int) -> String { "a micro-batch of \(micro) × \(sequence) tokens" }
}

extension PipelineManifest {
    /// The same with samples of a length that their file told.
    package func withSequence(_ sequence: Int) throws(ManifestError) -> PipelineManifest {
        guard sequence <= Limit.sequence else {
            throw ManifestError(
                at: mark(of: "data"), found: "a sample of \(sequence) tokens", expected: "at most \(Limit.sequence)")
        }
        guard data.rows(batch) * sequence <= Limit.microTokens else {
            throw ManifestError(at: mark(of: "data"), found: batch.size(sequence), expected: Data.smallerBatch)
        }
        var settled = self
        settled.data.sequence = sequence
        return settled
    }
}
