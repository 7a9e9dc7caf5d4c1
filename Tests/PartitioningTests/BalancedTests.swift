import Partitioning
import Testing

@Suite struct BalancedTests {
    @Test func `no cuts are better in any small case`() throws {
        for layers in 1...6 {
            for code in 0..<power(4, layers) {
                let weights = (0..<layers).map { Double(code / power(4, $0) % 4) }
                for stages in 1...layers {
                    let partition = try Partition.balanced(weights: weights, stages: stages)
                    let best = everyCut(layers: layers, stages: stages).map { cost($0, weights) }
                        .min { $0.lexicographicallyPrecedes($1) }
                    #expect(cost(partition.cuts, weights) == best, "\(weights) in \(stages)")
                    #expect(partition.stages.flatMap(Array.init) == Array(0..<layers))
                    #expect(partition.stages.allSatisfy { !$0.isEmpty })
                }
            }
        }
    }

    @Test func `layers of any scale are balanced`() throws {
        for scale in [Double.leastNonzeroMagnitude, 0x1p-1000, 1, 0x1p900, 0x1p1020] {
            let weights = [3, 1, 1, 1, 2].map { $0 * scale }
            #expect(try Partition.balanced(weights: weights, stages: 3).cuts == [1, 3])
        }
    }

    @Test func `a heavy layer stands alone`() throws {
        let partition = try Partition.balanced(weights: [1, 1, 1, 100, 1, 1], stages: 3)
        #expect(partition.stages == [0..<3, 3..<4, 4..<6])
        #expect(partition.stageWeights([1, 1, 1, 100, 1, 1]) == [3, 100, 2])
    }

    @Test func `the balanced cuts beat greedy ones`() throws {
        // Filling stages up to the mean of 6 leaves 9 for the last; 7 is possible.
        #expect(try Partition.balanced(weights: [4, 3, 2, 4, 5], stages: 3).stages == [0..<2, 2..<4, 4..<5])
    }

    @Test func `weightless layers are shared out`() throws {
        #expect(try Partition.balanced(weights: [0, 0, 0, 0, 0, 0], stages: 3).cuts == [2, 4])
    }

    @Test func `many layers are balanced over many stages`() throws {
        var state: UInt64 = 1
        let weights = (0..<512).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 44)
        }
        let partition = try Partition.balanced(weights: weights, stages: 64)
        #expect(partition.stageCount == 64)
        let heaviest = partition.stageWeights(weights).max() ?? 0
        #expect(greedyStages(weights, limit: heaviest) <= 64)
        #expect(greedyStages(weights, limit: heaviest - 1) > 64)
    }

    @Test func `uniform stages differ by one layer at most`() throws {
        #expect(try Partition.uniform(layers: 11, stages: 4).stages.map(\.count) == [3, 3, 3, 2])
        for layers in 1...20 {
            for stages in 1...layers {
                let counts = try Partition.uniform(layers: layers, stages: stages).stages.map(\.count)
                #expect(counts.reduce(0, +) == layers && counts.count == stages)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            }
        }
    }

    /// How many stages are needed when none may weigh more than the limit.
    private func greedyStages(_ weights: [Double], limit: Double) -> Int {
        var (stages, held) = (1, 0.0)
        for weight in weights {
            guard weight <= limit else { return .max }
            if held + weight > limit { (stages, held) = (stages + 1, 0) }
            held += weight
        }
        return stages
    }

    private func cost(_ cuts: [Int], _ weights: [Double]) -> [Double] {
        let stages = Partition.stages(cuts: cuts, layers: weights.count)
        let sums = stages.map { weights[$0].reduce(0, +) }
        return [
            sums.max() ?? 0, sums.reduce(0) { $0 + $1 * $1 }, stages.reduce(0) { $0 + Double($1.count * $1.count) },
        ]
    }

    private func power(_ base: Int, _ exponent: Int) -> Int { (0..<exponent).reduce(1) { power, _ in power * base } }
}

/// All ways to cut so many layers, in lexical order of the last cut, then the one before it.
func everyCut(layers: Int, stages: Int) -> [[Int]] {
    guard stages > 1 else { return [[]] }
    return (stages - 1..<layers).flatMap { last in
        everyCut(layers: last, stages: stages - 1).map { $0 + [last] }
    }
}
