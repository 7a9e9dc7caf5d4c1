import Notation

/// The largest numbers of a pipeline and of its model's list.
extension Limit {
    /// `residual` inside `residual`: what a file of that depth can hold, the model standing in the pipeline file.
    static let residuals = 12
    /// Of one `repeat`.
    static let repeats = 10_000
    /// Layers of a model, those inside `residual` counted too.
    static let layers = 100_000
    static let micro = 1 << 14
    static let microBatches = 1 << 20
    static let sequence = 1 << 20
    /// Tokens of one micro-batch.
    static let microTokens = 1 << 24
    static let core = 65_535
    static let devices = 4096
    /// Bytes of one device.
    static let memory = 1 << 50
}
