extension Schedule {
    /// The names that `named(_:stages:microBatches:)` knows.
    public static let names = ["1f1b", "gpipe"]

    /// A generated schedule from what a user wrote. Throws when the name or a number does not make one.
    public static func named(
        _ name: String, stages: Int, microBatches: Int
    ) throws(ScheduleError) -> Schedule {
        guard stages >= 1 else { throw .argument("stages", expected: "at least 1", got: "\(stages)") }
        guard microBatches >= 1 else {
            throw .argument("micro-batches", expected: "at least 1", got: "\(microBatches)")
        }
        try checkSize(stages: stages, microBatches: microBatches)
        switch name {
        case "1f1b": return oneForwardOneBackward(stages: stages, microBatches: microBatches)
        case "gpipe": return gpipe(stages: stages, microBatches: microBatches)
        default: throw .argument("schedule", expected: names.joined(separator: " or "), got: "\"\(name)\"")
        }
    }
}
