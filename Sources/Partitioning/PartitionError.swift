/// Why layers cannot be cut as asked.
public struct PartitionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `partition`, `partition type:REGEX`, `partition cuts`
    public var operation: String
    /// What would do: `at least one layer for each stage`.
    public var expected: String
    /// What was given: `3 stages for 2 layers`.
    public var got: String

    /// The texts make one sentence: `partition: expected …, got …`.
    public init(_ operation: String, expected: String, got: String) {
        self.operation = operation
        self.expected = expected
        self.got = got
    }

    public var description: String { "\(operation): expected \(expected), got \(got)" }

    static func checkCounts(layers: Int, stages: Int) throws(PartitionError) {
        guard stages >= 1 else {
            throw PartitionError("partition", expected: "at least 1 stage", got: "\(stages)")
        }
        guard stages <= layers else {
            throw PartitionError(
                "partition", expected: "at least one layer for each stage",
                got: "\(stages) stages for \(layers) \(layers == 1 ? "layer" : "layers")")
        }
    }
}
