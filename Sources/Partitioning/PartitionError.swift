/// Why layers cannot be cut as asked.
public struct PartitionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `partition`, `partition type:REGEX`, `partition cuts`
    public var operation: String
    public var expected: String
    public var got: String

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
