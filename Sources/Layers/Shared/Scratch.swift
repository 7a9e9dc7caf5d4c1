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

    /// What the backend asks for one attention pass over activations of this type, before anything else is taken. It uses
    /// the beginning of the tensor, which goes on: a spec of its own would be an allocation in every pass.
    mutating func takeAttention(_ shape: AttentionShape, _ dtype: DType, on backend: any Backend) -> Tensor {
        let bytes = backend.attentionScratch(shape, dtype)
        guard let whole, used == 0, bytes <= whole.byteCount else {
            preconditionFailure("attention's \(bytes) bytes do not come first, or do not fit the scratch")
        }
        used = Scratch.aligned(bytes)
        return whole
    }

    /// Bytes that `take` of all of these needs.
    static func byteCount(_ specs: Signature) -> Int { specs.reduce(0) { $0 + aligned($1.byteCount) } }

    static func aligned(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }
}
