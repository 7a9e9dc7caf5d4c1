extension Partition {
    /// Balances the layers whose kind matches a regular expression, anywhere in the kind; the others weigh nothing.
    ///
    /// Throws when the expression is not one, and when no layer matches it.
    public static func matching(
        _ pattern: String, kinds: [String], stages: Int
    ) throws(PartitionError) -> Partition {
        let operation = "partition type:\(pattern)"
        let matches: [Bool]
        do {
            let regex = try Regex(pattern)
            matches = try kinds.map { try regex.firstMatch(in: $0) != nil }
        } catch {
            throw PartitionError(operation, expected: "a regular expression", got: "\"\(pattern)\" (\(error))")
        }
        guard matches.contains(true) else {
            throw PartitionError(
                operation, expected: "a match among the kinds \(Set(kinds).sorted().joined(separator: ", "))",
                got: "none")
        }
        return try balanced(weights: matches.map { $0 ? 1 : 0 }, stages: stages)
    }

    /// Explicit cuts: the first layer of each stage but the first.
    public static func explicit(cuts: [Int], layers: Int, stages: Int) throws(PartitionError) -> Partition {
        try PartitionError.checkCounts(layers: layers, stages: stages)
        let operation = "partition cuts"
        guard cuts.count == stages - 1 else {
            throw PartitionError(
                operation, expected: "\(stages - 1) for \(stages) \(stages == 1 ? "stage" : "stages")",
                got: "\(cuts.count)")
        }
        for (index, cut) in cuts.enumerated() {
            guard (1..<layers).contains(cut) else {
                throw PartitionError(operation, expected: "a layer in 1 … \(layers - 1)", got: "\(cut)")
            }
            guard index == 0 || cuts[index - 1] < cut else {
                throw PartitionError(operation, expected: "more than \(cuts[index - 1]) after it", got: "\(cut)")
            }
        }
        return Partition(layers: layers, cuts: cuts)
    }
}
