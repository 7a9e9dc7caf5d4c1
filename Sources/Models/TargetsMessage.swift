public import Tensors

/// What travels from the data to the loss with each micro-batch, as one tensor: how many targets of the global batch count,
/// an i64, and behind it the micro-batch's targets.
public enum TargetsMessage {
    /// i64[1], at the message's start.
    public static let normaliser = TensorSpec([1], .i64)
    /// Bytes from the message's start.
    public static let targetsOffset = 8

    /// i64[1 + what the targets' bytes fill]
    public static func spec(_ targets: TensorSpec) -> TensorSpec {
        let (bytes, overflow) = targets.byteCount.addingReportingOverflow(7)
        return TensorSpec([1 + (overflow ? .max : bytes) / 8], .i64)
    }
}
