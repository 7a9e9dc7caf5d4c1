/// Counts what a run of layers takes as a stage, where that is not the sum of what its layers do.
public struct StageMemoryModel: Sendable {
    /// What one stage takes.
    public struct Bytes: Hashable, Sendable {
        /// Of each micro-batch that the stage has room for.
        public var perMicroBatch: Int
        /// Of each micro-batch that is between its backward halves.
        public var perDeferred: Int
        /// Parameters' state, and what all passes share.
        public var fixed: Int

        /// Counts in bytes; nothing is deferred unless told.
        public init(perMicroBatch: Int, perDeferred: Int = 0, fixed: Int) {
            self.perMicroBatch = perMicroBatch
            self.perDeferred = perDeferred
            self.fixed = fixed
        }
    }

    /// Bytes that each rank takes besides its stages.
    public var rankBytes: Int
    /// `splitsBackward`: whether the stage runs the two backward halves apart. At least `LayerCost.stateBytes`.
    public var stage: @Sendable (_ layers: Range<Int>, _ splitsBackward: Bool) -> Bytes

    /// A model that asks `stage` for what a run of layers takes, with `rankBytes` added once for each rank.
    public init(rankBytes: Int = 0, stage: @escaping @Sendable (Range<Int>, Bool) -> Bytes) {
        self.rankBytes = rankBytes
        self.stage = stage
    }
}
