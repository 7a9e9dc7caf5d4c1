import Tensors

/// Hands out consecutive pieces of a frame's scratch, each on its own 64-byte line.
struct Scratch {
    private let whole: Tensor?
    private var used = 0

    init(_ whole: Tensor?) { self.whole = whole }

    mutating func take(_ spec: TensorSpec) -> Tensor {
        guard let whole, used + spec.byteCount <= whole.byteCount else {
            preconditionFailure("\(spec) does not fit the scratch: allocate LayerPlan.scratchBytes(on:)")
        }
        let piece = Tensor(whole.memory, offset: whole.offset + used, spec: spec)
        used += Scratch.aligned(spec.byteCount)
        return piece
    }

    /// What the backend asks for one attention pass over activations of this type.
    mutating func takeAttention(_ shape: AttentionShape, _ dtype: DType, on backend: any Backend) -> Tensor {
        let words = (backend.attentionScratch(shape, dtype) + 3) / 4
        return take(TensorSpec([words]))
    }

    /// Bytes that `take` of all of these needs.
    static func byteCount(_ specs: Signature) -> Int { specs.reduce(0) { $0 + aligned($1.byteCount) } }

    static func aligned(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }
}
