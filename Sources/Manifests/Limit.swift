/// The largest numbers a manifest may hold: far beyond what runs, and small enough that products of a few fit an Int.
enum Limit {
    /// Bytes of one file.
    static let fileBytes = 1 << 20
    /// Lists and mappings inside one another.
    static let depth = 32
    /// `residual` inside `residual`: what a file of that depth can hold, the model standing in the pipeline file.
    static let residuals = 12
    /// Of one `repeat`.
    static let repeats = 10_000
    /// Layers of a model, those inside `residual` counted too.
    static let layers = 100_000
    /// An axis: width, vocabulary, positions.
    static let extent = 1 << 24
    /// Elements of one sample: a product of extents.
    static let elements = 1 << 40
    static let micro = 1 << 14
    static let microBatches = 1 << 20
    static let sequence = 1 << 20
    /// Tokens of one micro-batch.
    static let microTokens = 1 << 24
    /// Steps, and other counts.
    static let count = 1 << 40
    static let core = 65_535
    static let devices = 4096
    /// Bytes of one device.
    static let memory = 1 << 50
    static let rank = 8
    static let name = 255
}
