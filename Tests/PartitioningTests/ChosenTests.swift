import Partitioning
import Testing

@Suite struct ChosenTests {
    private let kinds = ["embedding", "transformer", "transformer", "transformer", "layer-norm", "linear"]

    @Test func `matching layers are balanced`() throws {
        let partition = try Partition.matching("^trans", kinds: kinds, stages: 3)
        #expect(partition.stages.map { $0.count { kinds[$0] == "transformer" } } == [1, 1, 1])
        let either = try Partition.matching("embedding|linear", kinds: kinds, stages: 2)
        #expect(either.cuts == [3])
    }

    @Test func `invalid regular expressions are refused`() {
        let text = message { try Partition.matching("trans(", kinds: kinds, stages: 2) }
        #expect(text.hasPrefix("partition type:trans(: expected a regular expression, got \"trans(\" ("), "\(text)")
        #expect(
            message { try Partition.matching("conv", kinds: kinds, stages: 2) }
                == "partition type:conv: expected a match among the kinds embedding, layer-norm, linear, transformer, "
                + "got none")
    }

    @Test func `explicit cuts are taken as they are`() throws {
        #expect(try Partition.explicit(cuts: [1, 4], layers: 6, stages: 3).stages == [0..<1, 1..<4, 4..<6])
        #expect(try Partition.explicit(cuts: [], layers: 1, stages: 1).stages == [0..<1])
    }

    @Test(arguments: [
        ([3], 3, "partition cuts: expected 2 for 3 stages, got 1"),
        ([3], 1, "partition cuts: expected 0 for 1 stage, got 1"),
        ([0, 3], 3, "partition cuts: expected a layer in 1 … 5, got 0"),
        ([3, 6], 3, "partition cuts: expected a layer in 1 … 5, got 6"),
        ([-1, 6], 3, "partition cuts: expected a layer in 1 … 5, got -1"),
        ([4, 3], 3, "partition cuts: expected more than 4 after it, got 3"),
        ([3, 3], 3, "partition cuts: expected more than 3 after it, got 3"),
    ])
    func `cuts that do not fit are refused`(cuts: [Int], stages: Int, error: String) {
        #expect(message { try Partition.explicit(cuts: cuts, layers: 6, stages: stages) } == error)
    }

    @Test func `more stages than layers are refused`() {
        let error = "partition: expected at least one layer for each stage, got 4 stages for 3 layers"
        #expect(message { try Partition.uniform(layers: 3, stages: 4) } == error)
        #expect(message { try Partition.balanced(weights: [1, 1, 1], stages: 4) } == error)
        #expect(message { try Partition.explicit(cuts: [1, 2, 3], layers: 3, stages: 4) } == error)
        #expect(message { try Partition.matching("a", kinds: ["a", "b", "c"], stages: 4) } == error)
        #expect(
            message { try Partition.uniform(layers: 1, stages: 2) }
                == "partition: expected at least one layer for each stage, got 2 stages for 1 layer")
        #expect(
            message { try Partition.uniform(layers: 1, stages: 0) } == "partition: expected at least 1 stage, got 0")
    }

    @Test(arguments: [Double.nan, .infinity, -1])
    func `weights that are no finite numbers are refused`(weight: Double) {
        #expect(
            message { try Partition.balanced(weights: [1, weight], stages: 1) }
                == "partition: expected a finite weight of at least 0 for layer 1, got \(weight)")
    }
}

/// What a user would read where this throws; empty where it does not.
private func message<Result>(_ body: () throws -> Result) -> String {
    do {
        _ = try body()
        return ""
    } catch {
        return "\(error)"
    }
}
