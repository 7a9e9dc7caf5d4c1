internal import Checkpoints
internal import Notation
internal import Systems
internal import Tensors

/// What a GGUF file's metadata says of its model, as the `config.json` that says the same.
struct GGUFConfiguration {
    private let file: GGUFFile
    private let weights: PretrainedWeights
    /// `llama`, which begins its keys.
    let architecture: String
    /// Numbers of a head.
    private(set) var headWidth = 0
    private var entries: [(key: String, value: String)] = []

    /// Architectures that are read, which are families of the same names.
    static let architectures = ["llama", "qwen2", "qwen3"]

    init(_ file: GGUFFile) throws(ManifestError) {
        self.file = file
        weights = PretrainedWeights(file)
        let found = try Self.read(file) { file throws(CheckpointError) in try file.string("general.architecture") }
        guard let found, Self.architectures.contains(found) else {
            throw Self.error(
                file, "general.architecture is \(found.map { "\"\($0.printable(limit: 60))\"" } ?? "not given")",
                expected: Self.architectures.listed(with: "or"))
        }
        architecture = found
        try translate()
    }

    /// The configuration's text.
    var json: String {
        "{\n" + entries.map { "  \"\($0.key)\": \($0.value)" }.joined(separator: ",\n") + "\n}\n"
    }

    private mutating func translate() throws(ManifestError) {
        add("model_type", "\"\(architecture)\"")
        guard let embedding = weights["token_embd.weight"], embedding.shape.rank == 2 else {
            throw error("no matrix token_embd.weight", expected: "the tokens' vectors")
        }
        add("vocab_size", "\(embedding.shape[0])")
        let width = try required("embedding_length")
        let heads = try required("attention.head_count")
        headWidth = try headWidth(width, heads)
        add("hidden_size", "\(width)")
        add("intermediate_size", "\(try required("feed_forward_length"))")
        add("num_hidden_layers", "\(try required("block_count"))")
        add("num_attention_heads", "\(heads)")
        add("num_key_value_heads", "\(try whole("attention.head_count_kv") ?? heads)")
        add("head_dim", "\(headWidth)")
        add("max_position_embeddings", "\(try required("context_length"))")
        add("rms_norm_eps", try number("attention.layer_norm_rms_epsilon") ?? "1e-06")
        add("hidden_act", "\"silu\"")
        if architecture != "qwen2" { add("attention_bias", "\(has("blk.0.attn_q.bias"))") }
        if architecture == "llama" { add("mlp_bias", "\(has("blk.0.ffn_gate.bias"))") }
        add("tie_word_embeddings", "\(!has("output.weight"))")
        try refuseUnsupported(headWidth)
        try translateRotation(headWidth)
        try translateTokens()
    }

    private func headWidth(_ width: Int, _ heads: Int) throws(ManifestError) -> Int {
        let usual = width / max(heads, 1)
        let (key, value) = (try whole("attention.key_length"), try whole("attention.value_length"))
        guard key == value || (key ?? usual) == (value ?? usual) else {
            throw error("heads of k have \(key ?? usual) numbers, those of v \(value ?? usual)", expected: "as many")
        }
        return key ?? usual
    }

    private func refuseUnsupported(_ headWidth: Int) throws(ManifestError) {
        for key in ["expert_count", "attention.sliding_window"] {
            guard let value = try whole(key), value > 0 else { continue }
            throw error("\(architecture).\(key) is \(value)", expected: "0, or no such key")
        }
        if let turned = try whole("rope.dimension_count"), turned != headWidth {
            throw error(
                "\(architecture).rope.dimension_count is \(turned)", expected: "\(headWidth), all numbers of a head")
        }
    }

    private mutating func translateRotation(_ headWidth: Int) throws(ManifestError) {
        let base = try number("rope.freq_base") ?? "10000.0"
        add("rope_theta", base)
        let kind = try Self.read(file) { [architecture] file throws(CheckpointError) in
            try file.string("\(architecture).rope.scaling.type")
        }
        let old = try number("rope.scale_linear")
        switch kind ?? (old == nil ? "none" : "linear") {
        case "none":
            guard let factors = try Self.factors(of: weights, headWidth) else { return }
            guard let factor = LlamaFactors.factor(of: factors, base: Double(base) ?? 0, headWidth: headWidth) else {
                throw error("rope_freqs.weight holds factors that are not those of Llama 3", expected: "Llama 3's")
            }
            let text = LlamaFactors.settings(factor)
            add("rope_scaling", text)
        case "linear":
            let factor = try number("rope.scaling.factor") ?? old ?? "1.0"
            add("rope_scaling", "{\"rope_type\": \"linear\", \"factor\": \(factor)}")
        case "yarn":
            if let amplitude = try number("rope.scaling.attn_factor"), Double(amplitude) != 1 {
                throw error("\(architecture).rope.scaling.attn_factor is \(amplitude)", expected: "1, or no such key")
            }
            guard let factor = try number("rope.scaling.factor") else {
                throw error("it lacks \(architecture).rope.scaling.factor", expected: "a number")
            }
            let original = try required("rope.scaling.original_context_length")
            add(
                "rope_scaling",
                "{\"rope_type\": \"yarn\", \"factor\": \(factor), \"original_max_position_embeddings\": \(original)}")
        default:
            throw error(
                "\(architecture).rope.scaling.type is \"\((kind ?? "").printable(limit: 60))\"",
                expected: "none, linear or yarn")
        }
    }

    private mutating func translateTokens() throws(ManifestError) {
        func id(_ key: String) throws(ManifestError) -> Int? {
            try Self.read(file) { file throws(CheckpointError) in try file.integer("tokenizer.ggml.\(key)_token_id") }
        }
        func text(_ id: Int?) -> String { id.map(String.init) ?? "null" }
        let (end, turn) = (try id("eos"), try id("eot"))
        let ends = [end, turn].compactMap(\.self)
        add("bos_token_id", text(try id("bos")))
        add("eos_token_id", ends.count > 1 && end != turn ? "[\(ends[0]), \(ends[1])]" : text(ends.first))
        add("pad_token_id", text(try id("padding")))
    }

    private mutating func add(_ key: String, _ value: String) { entries.append((key, value)) }

    private func has(_ tensor: String) -> Bool { weights[tensor] != nil }
}

// MARK: Metadata

extension GGUFConfiguration {
    fileprivate func whole(_ key: String) throws(ManifestError) -> Int? {
        try Self.read(file) { [architecture] file throws(CheckpointError) in try file.integer("\(architecture).\(key)")
        }
    }

    fileprivate func required(_ key: String) throws(ManifestError) -> Int {
        guard let value = try whole(key) else { throw error("it lacks \(architecture).\(key)", expected: "a number") }
        return value
    }

    /// In decimal, as few digits as tell f32 numbers apart.
    fileprivate func number(_ key: String) throws(ManifestError) -> String? {
        let value = try Self.read(file) { [architecture] file throws(CheckpointError) in
            try file.number("\(architecture).\(key)")
        }
        guard let value else { return nil }
        guard Float(value).isFinite else { throw error("\(architecture).\(key) is \(value)", expected: "a number") }
        return "\(Float(value))"
    }

    /// What a file's frequencies are divided by: nil where it says nothing.
    fileprivate static func factors(of weights: PretrainedWeights, _ headWidth: Int) throws(ManifestError) -> [Float]? {
        guard let tensor = weights["rope_freqs.weight"] else { return nil }
        var factors = [Float](repeating: 0, count: max(headWidth / 2, 1))
        let parameter = StoredParameter("rope_freqs", [factors.count], tensor: tensor.name)
        do throws(CheckpointError) {
            // The map is of this tensor alone: all others may be there too.
            let mapped = try weights.mapped(by: TensorMap([parameter], ignored: [""]))
            try factors.withUnsafeMutableBufferPointer { buffer throws(CheckpointError) in
                try mapped.copy(parameter, into: buffer)
            }
        } catch {
            throw ManifestError(at: place(weights.path), found: error.description, expected: "\(factors.count) factors")
        }
        return factors
    }

    fileprivate static func read<Value>(
        _ file: GGUFFile, _ body: (GGUFFile) throws(CheckpointError) -> Value
    ) throws(ManifestError) -> Value {
        do throws(CheckpointError) {
            return try body(file)
        } catch {
            throw ManifestError(at: place(file.path), found: error.description, expected: "a model's metadata")
        }
    }

    fileprivate func error(_ found: String, expected: String) -> ManifestError {
        Self.error(file, found, expected: expected)
    }

    fileprivate static func error(_ file: GGUFFile, _ found: String, expected: String) -> ManifestError {
        ManifestError(at: place(file.path), found: found, expected: expected)
    }

    fileprivate static func place(_ path: String) -> Mark { Mark(file: path, line: 0, column: 0) }
}
