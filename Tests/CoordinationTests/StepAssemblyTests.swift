import Coordination
import Models
import Planning
import Runs
import TestPlans
import Testing

@Suite struct StepAssemblyTests {
    private func part(
        _ step: Int, lossSum: Double? = nil, targetCount: Int? = nil, start: UInt64, end: UInt64, busy: UInt64
    ) -> WorkerMessage.StepPart {
        .init(
            step: step, lossSums: lossSum.map { [$0] } ?? [], targetCount: targetCount, learningRate: 0.25,
            start: start, end: end,
            busy: busy, peakBytes: Int(end))
    }

    @Test func `a step is there once its last part is, in whatever order the parts come`() throws {
        var steps = try StepAssembly(Plans.make())
        let first = part(0, targetCount: 32, start: 1_000_000_000, end: 2_000_000_000, busy: 900_000_000)
        let last = part(0, lossSum: 16, start: 1_500_000_000, end: 3_000_000_000, busy: 600_000_000)
        let early = (steps.add(squares: [2], step: 0, rank: 1), steps.add(last, rank: 1))
        #expect(early.0 == nil && early.1 == nil)
        let total = steps.add(squares: [2, 2, 1, 1, 1], step: 0, rank: 0)
        #expect(total == 9)
        let found = steps.add(first, rank: 0)
        let metrics = try #require(found)
        #expect(metrics.step == 1 && metrics.loss == 0.5 && metrics.gradNorm == 3 && metrics.lr == 0.25)
        #expect(metrics.stepS == 2 && metrics.tokens == 32 && metrics.tokensPerS == 16)
        #expect(metrics.bubbleFraction == 1 - 1.5 / 2.5)
        #expect(metrics.peakBytes == [2_000_000_000, 3_000_000_000])
        #expect(steps.finishedSteps == 1 && steps.durations == [2])
    }

    @Test func `what is kept of a run's steps does not grow with them`() throws {
        var steps = try StepAssembly(Plans.make())
        for step in 0..<2000 {
            for rank in 0..<2 {
                _ = steps.add(squares: [1], step: step, rank: rank)
                let time = UInt64(step) * 1_000_000_000
                _ = steps.add(part(step, start: time, end: time + 1_000_000_000, busy: 1), rank: rank)
            }
        }
        #expect(steps.finishedSteps == 2000 && steps.durations == [Double](repeating: 1, count: 20))
        // No dictionary of steps that are done.
        #expect("\(steps)".utf8.count < 2000)
    }

    @Test func `of two ranks' parts of different steps nothing follows`() throws {
        var steps = try StepAssembly(Plans.make())
        let metrics = (0..<2).map { steps.add(part($0, start: 0, end: 1, busy: 1), rank: $0) }
        let totals = (0..<2).map { steps.add(squares: [1], step: $0, rank: $0) }
        #expect(metrics == [nil, nil] && totals == [nil, nil])
        #expect(steps.finishedSteps == 0)
    }

    @Test func `later steps last from one end to the next, so that no time is lost between them`() throws {
        var steps = try StepAssembly(Plans.make())
        _ = steps.add(part(0, start: 10, end: 1_000_000_000, busy: 0), rank: 0)
        _ = steps.add(part(0, start: 0, end: 2_000_000_000, busy: 0), rank: 1)
        _ = steps.add(part(1, start: 1_200_000_000, end: 3_000_000_000, busy: 1_000_000_000), rank: 0)
        let found = steps.add(part(1, start: 2_300_000_000, end: 3_000_000_000, busy: 500_000_000), rank: 1)
        let second = try #require(found)
        #expect(second.stepS == 1 && second.bubbleFraction == 0.5)
        #expect(second.loss == nil && second.gradNorm == nil)
    }

    /// Floating-point sums depend on their order: here a sum rank by rank would lose what layer order keeps.
    @Test(arguments: ["[1]", "[1.mlp]", "[3]", "[1, 2]", "[1.mlp, 3]", "[2, 2.mlp]", "[1, 2, 3]"])
    func `the gradient norm sums in layer order, whatever the partition is`(_ cuts: String) throws {
        let squares = [1e16, 1, 1, 1, 1, 1]
        let expected = squares.reduce(0, +)
        let devices = (0...cuts.split(separator: ",").count).map { "cpu:\($0)" }.joined(separator: ", ")
        let plan = try Plans.make(devices: "[\(devices)]", more: "partition: {cuts: \(cuts)}")
        var steps = try StepAssembly(plan)
        var total: Double?
        for stage in plan.layout.stages.reversed() {
            #expect(total == nil)
            total = steps.add(squares: Array(squares[stage.nodes]), step: 0, rank: stage.index)
        }
        #expect(total == expected && expected != squares.reversed().reduce(0, +))
    }

    @Test func `clocks of other hosts are brought to the coordinator's`() throws {
        var steps = try StepAssembly(Plans.make(devices: "[cpu:0, cpu:1]"))
        // Rank 1's clock is 5 s behind; what rank 0's says is within the error of one and the same clock.
        steps.add(ClockReading(own: 1_000, coordinator: 1_500, error: 700), rank: 0)
        steps.add(ClockReading(own: 1_000, coordinator: 5_000_001_000, error: 700), rank: 1)
        let second: UInt64 = 1_000_000_000
        _ = steps.add(part(0, start: 10 * second, end: 12 * second, busy: second), rank: 0)
        let found = steps.add(part(0, start: 5 * second, end: 8 * second, busy: second), rank: 1)
        #expect(try #require(found).stepS == 3)
    }

    @Test func `simulated devices have no loss`() throws {
        var steps = try StepAssembly(
            Plans.make(devices: "[sim:0]", more: "sim: {layer_ms: 1}"))
        _ = steps.add(squares: [1, 1, 1, 1], step: 0, rank: 0)
        let found = steps.add(part(0, lossSum: 3, targetCount: 1, start: 0, end: 8, busy: 8), rank: 0)
        let metrics = try #require(found)
        #expect(metrics.loss == nil && metrics.gradNorm == nil && metrics.bubbleFraction == 0)
    }
}
