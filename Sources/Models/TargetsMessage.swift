public import Tensors

/// What travels from the data to the loss with each micro-batch, as one tensor, and its two parts.
public struct TargetsMessage {
    /// i64[1 + what the targets' bytes fill]
    public let tensor: Tensor
    /// i64[1]: how many targets of the global batch count.
    public let normaliser: Tensor
    /// The micro-batch's targets, behind the normaliser.
    public let targets: Tensor

    /// - Parameters:
    ///   - tensor: of `spec(targets)`.
    ///   - targets: what one micro-batch's targets are.
    public init(_ tensor: Tensor, targets: TensorSpec) {
        self.tensor = tensor
        normaliser = Tensor(tensor.memory, offset: tensor.offset, spec: TensorSpec([1], .i64))
        self.targets = Tensor(tensor.memory, offset: tensor.offset + normaliser.byteCount, spec: targets)
    }

    /// The whole message's spec: the normaliser, and the targets rounded up to whole 8 bytes.
    public static func spec(_ targets: TensorSpec) -> TensorSpec {
        let (bytes, overflow) = targets.byteCount.addingReportingOverflow(7)
        return TensorSpec([1 + (overflow ? .max : bytes) / 8], .i64)
    }
}
