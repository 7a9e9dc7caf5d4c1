public import Notation
public import Tensors

/// Looks up a row of `token.weight` for each id, times `scale`, and adds the row of `position.weight` for its place.
///
/// ids: i32[batch, sequence] → [batch, sequence, width]; sequence ≤ positions. Without positions, tokens alone.
///
///     Embedding(vocab: 256, width: 64, positions: 64)      // embedding: {vocab: 256, width: 64, positions: 64}
public struct Embedding: Layer {
    /// How many token ids there are: valid ones are 0 ..< vocab.
    public internal(set) var vocab: Int
    /// Channels of a vector.
    public internal(set) var width: Int
    /// The longest sequence; nil: tokens alone, without learnt positions.
    public internal(set) var positions: Int?
    /// What a token's vector is multiplied with: 10⁻⁶ … 65504, rounded to the output's type. Gemma's is √width.
    public internal(set) var scale: Double
    /// The token whose vector does not learn here, as with torch.nn.Embedding's padding_idx; nil: all learn.
    public internal(set) var padding: Int?
    /// The output's type: the type of the activations of the model that it begins.
    public internal(set) var dtype: DType
    /// Which tokens a shard has; nil: all.
    var part: ProductPart?

    public static let syntax = KindSyntax(
        "embedding", "Tokens → vectors; `positions` adds a learnt vector for each place.",
        Embedding(vocab: 256, width: 64),
        [
            .required("vocab", \.vocab, .extent, "how many token ids there are"),
            .required("width", \.width, .extent, "channels of a vector"),
            .optional("positions", \.positions, .extent, "the longest sequence"),
            .defaulted("scale", \.scale, .factor, "times the token's vector"),
            .optional(
                "padding", \.padding, .whole(0...Limit.extent), "a token whose vector does not learn",
                check: { layer in
                    guard let padding = layer.padding, padding >= layer.vocab else { return nil }
                    return Complaint(", and vocab is \(layer.vocab)", expected: "a token of the vocabulary")
                }),
        ])

    /// Checked when a model is built: sizes are 1 … 2²⁴, and `dtype` is a floating-point type. A model replaces `dtype`
    /// by that of its activations.
    public init(
        vocab: Int, width: Int, positions: Int? = nil, scale: Double = 1, padding: Int? = nil,
        dtype: DType = .f32
    ) {
        self.vocab = vocab
        self.width = width
        self.positions = positions
        self.scale = scale
        self.padding = padding
        self.dtype = dtype
    }

    public var vocabulary: Int? { vocab }

    public func making(_ dtype: DType) -> Embedding {
        var layer = self
        layer.dtype = dtype
        return layer
    }

    public var parameters: [ParameterSpec] {
        let initial = Distribution.normal(mean: 0, deviation: 0.02)
        let own = ParameterSpec("token.weight", unchecked: [part?.count ?? vocab, width], initial)
        let token = part?.weight(own) ?? own
        let position = positions.map { ParameterSpec("position.weight", unchecked: [$0, width], initial) }
        return [token] + (position.map { [$0] } ?? [])
    }

    public var separatesDocuments: Bool { true }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
        guard dtype.isFloatingPoint else {
            throw LayerError(expected: "an embedding of floating-point numbers", got: dtype.description)
        }
        let ids = try input.oneTensor()
        guard ids.dtype == .i32, ids.shape.rank == 2 else {
            throw LayerError(expected: "token ids i32[batch × sequence]", got: ids.description)
        }
        if let positions, ids.shape[1] > positions {
            throw LayerError(expected: "a sequence of at most \(positions) positions", got: ids.description)
        }
        let output = try TensorSpec.checked(ids.shape.extents + [width], dtype)
        let adds: Double = positions == nil ? 0 : 1
        let products: Double = scale == 1 ? 0 : 1
        var plan = LayerPlan(
            outputs: [output],
            cost: .elementwise(
                output.count, forward: products + adds, backwardInput: 0, backwardWeight: products + 1 + adds))
        plan.keepsInputs = true
        plan.keepsOutputGradients = true
        plan.withoutGradient = [0]
        if part != nil { plan.forwardSums = [output] }
        return plan
    }

    private var factor: Float { dtype.rounded(Float(scale)) }

    /// Positions of later frames follow those of earlier ones, as far as there are any.
    public func cache(for input: Signature, capacity: Int) throws(LayerError) -> Signature {
        if let positions, capacity > positions {
            throw LayerError(expected: "a sequence of at most \(positions) positions", got: "\(capacity)")
        }
        return []
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        for document in documents(frame) {
            let ids = document.map { frame.inputs[0].rows($0) } ?? frame.inputs[0]
            let y = document.map { frame.outputs[0].rows($0) } ?? frame.outputs[0]
            let (token, position) = (frame.parameters[0], positions(frame))
            if let part {
                backend.embedding(ids, token: token, first: part.first, position: position, scale: factor, into: y)
            } else {
                backend.embedding(ids, token: token, position: position, scale: factor, into: y)
            }
        }
        if part != nil { frame.sum(frame.outputs[0]) }
    }

    /// The samples of a row that holds several, where places count; else nil, for all at once.
    private func documents(_ frame: LayerFrame) -> [Range<Int>?] {
        positions == nil || frame.documents.isEmpty ? [nil] : frame.documents
    }

    /// From the frame's first position on.
    private func positions(_ frame: LayerFrame) -> Tensor? {
        guard let table = frame.parameters.dropFirst().first, frame.start > 0 else {
            return frame.parameters.dropFirst().first
        }
        return table.slice(start: frame.start * width, [table.shape[0] - frame.start, width])
    }

    /// Ids have no gradient.
    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {}

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {
        for document in documents(frame) {
            let ids = document.map { frame.inputs[0].rows($0) } ?? frame.inputs[0]
            let dy = document.map { frame.outputGradients[0].rows($0) } ?? frame.outputGradients[0]
            let (token, position) = (frame.gradients[0], frame.gradients.dropFirst().first)
            if let part {
                backend.embeddingBackward(
                    ids, dy: dy, dtoken: token, first: part.first, dposition: position, scale: factor)
            } else {
                backend.embeddingBackward(ids, dy: dy, dtoken: token, dposition: position, scale: factor)
            }
        }
        guard let padding else { return }
        let row = padding - (part?.first ?? 0)
        guard (0..<(part?.count ?? vocab)).contains(row) else { return }
        backend.zero(frame.gradients[0].slice(start: row * width, [width]))
    }
}
