import Notation

/// The largest numbers of a pipeline.
extension Limit {
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
