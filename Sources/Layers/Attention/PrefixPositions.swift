public import Notation
public import Tensors

/// The two positions of each token of a prefix language model, and how many tokens its prefix has: GLM's (Du et al.,
/// arXiv 2103.10360), as ChatGLM-6B counts them.
///
/// ids: i32[batch, sequence] → i32[batch, 1 + 2 · sequence]: c, the first positions, the second ones. c is the index of
/// the first `start`: so many tokens see each other both ways. First positions count 0 … c − 1 and stay at the index of
/// the first of `marks` (of the second where a row has none of the first) from token c on; second positions are 0 for
/// the prefix, then 1, 2, 3, …. A row without `start` or without a mark is plain: c = 0, first positions 0, 1, 2, …,
/// second ones 0. With a cache, the frame at position 0 decides, and later ones go on counting.
public struct PrefixPositions: Layer {
    /// The id that ends the prefix.
    public internal(set) var start: Int
    /// Ids of the places to be filled, the most wanted first.
    public internal(set) var marks: [Int]

    public static let syntax = KindSyntax(
        "prefix-positions", "Token ids → prefix length and both positions of each token, for attention.",
        PrefixPositions(start: 4, marks: [1, 0]),
        [
            .required("start", \.start, .id, "the id that ends the prefix"),
            .required("marks", \.marks, .ids, "ids of the places to be filled, the most wanted first"),
        ])

    /// Ids are 0 … 2²⁴ − 1; at least one mark.
    public init(start: Int, marks: [Int]) {
        self.start = start
        self.marks = marks
    }

    public var parameters: [ParameterSpec] { [] }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
        let ids = try input.oneTensor()
        guard ids.dtype == .i32, ids.shape.rank == 2 else {
            throw LayerError(expected: "token ids i32[batch × sequence]", got: ids.description)
        }
        let positions = try TensorSpec.checked([ids.shape[0], 1 + 2 * ids.shape[1]], .i32)
        var plan = LayerPlan(outputs: [positions], cost: .elementwise(ids.count, forward: 1, backwardInput: 0))
        plan.withoutGradient = [0]
        return plan
    }

    /// c and the marked position of each sample: (0, −1) where it is plain.
    public func cache(for input: Signature, capacity: Int) throws(LayerError) -> Signature {
        [try TensorSpec.checked([input.oneTensor().shape[0], 2], .i32)]
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        backend.prefixPositions(
            frame.inputs[0], PrefixRule(start: start, marks: marks), start: frame.start, cache: frame.cache.first,
            into: frame.outputs[0])
    }

    /// Ids have no gradient.
    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {}
    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}

extension ValueSyntax<Int> {
    /// A token id.
    fileprivate static var id: Self { whole(0...Limit.extent - 1) }
}

extension ValueSyntax<[Int]> {
    /// A few token ids.
    fileprivate static var ids: Self {
        let (most, id) = (8, ValueSyntax<Int>.id)
        return Self(
            "list of 1…\(most) ids", expected: "a list of one to \(most) token ids",
            accepts: { (1...most).contains($0.count) && $0.allSatisfy(id.accepts) },
            read: { field throws(ManifestError) in
                let entries = try field.list(of: "token ids")
                guard entries.count <= most else {
                    throw field.error("\(field.path) has \(entries.count) ids", expected: "at most \(most)")
                }
                var ids: [Int] = []
                for entry in entries { ids.append(try id.read(entry)) }
                return ids
            },
            write: { YAML.list($0.map(String.init)) })
    }
}
