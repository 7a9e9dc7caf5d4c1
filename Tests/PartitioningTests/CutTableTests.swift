import Partitioning
import Testing

/// Against every way to cut a few layers.
@Suite struct CutTableTests {
    /// The next of a sequence that is the same in each run, below the bound: Knuth's MMIX generator.
    private func random(_ state: inout UInt64, below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }

    private func prices(_ cuts: [Int], layers: Int, _ cost: CutTable.Cost) -> [Double] {
        Partition.stages(cuts: cuts, layers: layers).enumerated().map { cost($0, $1) }
    }

    @Test func `no cuts have a smaller maximum, and none of these a smaller sum of squares`() throws {
        var state: UInt64 = 4
        var refused = 0
        for _ in 0..<200 {
            let (layers, stages) = (9, 1 + random(&state, below: 5))
            let seconds = (0..<layers).map { _ in Double(random(&state, below: 20)) }
            let bytes = (0..<layers).map { _ in random(&state, below: 20) }
            // The first stages hold the most: not all cuts are allowed, and of some layers none is.
            func cost(_ stage: Int, _ run: Range<Int>) -> Double {
                bytes[run].reduce(0, +) * (stages - stage) <= 70 ? seconds[run].reduce(0, +) : .infinity
            }
            let table = CutTable(layers: layers, stages: stages)
            let allowed = everyCut(layers: layers, stages: stages).map { prices($0, layers: layers, cost) }
                .filter { !$0.contains(.infinity) }
            let slowest = table.leastMaximum(cost: cost, floor: cost)
            #expect(slowest?.price == allowed.map { $0.max() ?? 0 }.min())
            #expect(table.leastMaximum(cost: cost) { _, _ in 0 }?.price == slowest?.price)
            guard let slowest else {
                refused += 1
                #expect(table.leastSquares(limit: 1e9, cost: cost, floor: cost) == nil)
                continue
            }
            #expect(prices(slowest.cuts, layers: layers, cost).max() == slowest.price)
            let squares = allowed.filter { ($0.max() ?? 0) <= slowest.price }.map { $0.reduce(0) { $0 + $1 * $1 } }
            let evenest = try #require(table.leastSquares(limit: slowest.price, cost: cost, floor: cost))
            #expect(evenest.price == squares.min())
            #expect(prices(evenest.cuts, layers: layers, cost).reduce(0) { $0 + $1 * $1 } == evenest.price)
        }
        #expect((20...180).contains(refused), "\(refused) of 200")
    }

    @Test func `of equally even cuts the latest are taken unless the earliest are asked for`() {
        for layers in 1...8 {
            for stages in 1...layers {
                let table = CutTable(layers: layers, stages: stages)
                let length = { (_: Int, run: Range<Int>) in Double(run.count) }
                func taken(_ ties: CutTable.Ties) -> [Int]? {
                    table.leastSquares(limit: Double(layers), ties: ties, cost: length, floor: length)?.cuts
                }
                let squares = { (cuts: [Int]) in prices(cuts, layers: layers, length).reduce(0) { $0 + $1 * $1 } }
                let all = everyCut(layers: layers, stages: stages)
                let least = all.map(squares).min()
                let even = all.filter { squares($0) == least }
                #expect(taken(.latestCut) == even.last)
                #expect(taken(.earliestCut) == even.first)
            }
        }
    }

    @Test func `a limit that only rounding exceeds is kept`() {
        let weights = [0.1, 0.2, 0.3]
        // 0.1 + 0.2 is a little more than 0.3.
        let table = CutTable(layers: 3, stages: 2)
        let weight = { (_: Int, run: Range<Int>) in weights[run].reduce(0, +) }
        #expect(table.leastSquares(limit: 0.3, cost: weight, floor: weight)?.cuts == [2])
        #expect(table.leastSquares(limit: 0.29, cost: weight, floor: weight) == nil)
    }
}
