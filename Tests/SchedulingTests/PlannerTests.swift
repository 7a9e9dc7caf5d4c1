import Scheduling
import Systems
import Testing

@Suite struct PlannerTests {
    @Test func `equal layers take and hold what the closed forms say`() throws {
        let layer = LayerCost(
            forward: 1, inputGradient: 1, weightGradient: 1, update: 0.25, activationBytes: 10, stateBytes: 100)
        // A step is 2 · 3 · (6 + 3), the barrier 0.5 and two layers' updates; each rank works 36.5 of these 55.
        let planner = try StepPlanner(layers: [LayerCost](repeating: layer, count: 8), barrier: 0.5)
        let plan = try planner.plan(.oneForwardOneBackward(stages: 4, microBatches: 6))
        #expect(plan.cuts == [2, 4, 6])
        #expect(plan.stepSeconds == 55.0)
        #expect(plan.memoryOfRank == [280, 260, 240, 220])
        let bubble: Double = 1 - 36.5 / 55
        #expect(abs(plan.bubbleFraction - bubble) < 1e-12)
        #expect(plan.stages == [0..<2, 2..<4, 4..<6, 6..<8])
        #expect([plan.rankCount, plan.stageCount, plan.virtual] == [4, 4, 1])
        let folded = try planner.plan(.zeroBubbleV(ranks: 4, microBatches: 6))
        #expect(folded.cuts == Array(1...7) && folded.virtual == 2)
        #expect(folded.stepSeconds == 40.0)
        #expect(folded.memoryOfRank.allSatisfy { $0 <= 2 * 100 + 8 * 10 })
    }

    @Test func `without a barrier a step is as long as its longest rank`() throws {
        let layer = LayerCost(forward: 1, inputGradient: 1, weightGradient: 1, update: 0.25)
        let planner = try StepPlanner(layers: [LayerCost](repeating: layer, count: 4))
        #expect(try planner.plan(.zeroBubbleH2(stages: 4, microBatches: 8)).stepSeconds == 24.25)
    }

    @Test func `few ways to cut are all tried`() throws {
        var random = Random(seed: 1)
        for name in Schedule.names {
            for _ in 0..<6 {
                let schedule = try Schedule.named(name, ranks: 2, microBatches: 1 + random.below(6))
                try compare(schedule, layers: 7, &random, tolerance: 0)
            }
        }
    }

    @Test func `with one stage for each rank and many ways to cut, plans are within a percent of the best`() throws {
        var random = Random(seed: 2)
        for name in ["1f1b", "gpipe", "zb-h1", "zb-h2"] {
            for _ in 0..<4 {
                let schedule = try Schedule.named(name, ranks: 5, microBatches: 5 + random.below(12))
                try compare(schedule, layers: 21, &random, tolerance: 0.01)
            }
        }
    }

    @Test func `with several stages for each rank, plans are within a few percent of the best`() throws {
        var random = Random(seed: 3)
        for name in ["interleaved", "zb-v", "v-half"] {
            for _ in 0..<4 {
                let schedule = try Schedule.named(name, ranks: 3, microBatches: 6)
                try compare(schedule, layers: 17, &random, tolerance: 0.03)
            }
        }
    }

    /// All 3,060 ways to cut 19 layers are tried; for the 4,845 of 21 a bound stands in.
    @Test(arguments: [nil, 0.5], [19, 21]) func `no cuts take less than the least`(barrier: Double?, layers: Int) throws
    {
        var random = Random(seed: 7)
        for name in ["1f1b", "gpipe", "zb-h1", "zb-h2"] {
            for _ in 0..<4 {
                let schedule = try Schedule.named(name, ranks: 5, microBatches: 1 + random.below(16))
                let costs = (0..<layers).map { _ in random.layer() }
                let planner = try StepPlanner(
                    layers: costs, link: LinkCost(latency: 0.1, bytesPerSecond: 100), barrier: barrier)
                let fastest = try #require(
                    try everyCuts(layers: layers, stages: 5).map {
                        try planner.predict(schedule, cuts: $0).stepSeconds
                    }.min())
                let least = try #require(try planner.leastSeconds(schedule))
                #expect(least <= fastest * (1 + 1e-12) && least >= fastest * (layers == 19 ? 1 : 0.6), "\(name)")
            }
        }
    }

    /// Between the middle two of four places a message takes as long as two layers.
    @Test func `a slow link costs its turns, and is crossed where least passes`() throws {
        var layers = [LayerCost](
            repeating: LayerCost(forward: 1, inputGradient: 1, weightGradient: 1, outputBytes: 8), count: 12)
        layers[6].outputBytes = 1
        let pair = LinkCosts.Pair(2, 1)
        let slow = try StepPlanner(
            layers: layers, link: .free, apart: [pair: LinkCost(latency: 0, bytesPerSecond: 1)], barrier: 0)
        let schedule = Schedule.oneForwardOneBackward(stages: 4, microBatches: 6)
        let plan = try slow.plan(schedule)
        #expect(plan.cuts[1] == 7)
        let even = try slow.predict(schedule, cuts: [3, 6, 9])
        let free = try StepPlanner(layers: layers, barrier: 0).predict(schedule, cuts: [3, 6, 9])
        // Eight seconds there and back at least, and one message behind the other.
        #expect(even.stepSeconds >= free.stepSeconds + 16 && plan.stepSeconds < even.stepSeconds)
        let all = everyCuts(layers: 12, stages: 4)
        let fastest = try #require(try all.map { try slow.predict(schedule, cuts: $0).stepSeconds }.min())
        let least = try slow.leastSeconds(schedule)
        #expect(plan.stepSeconds == fastest && least == fastest)
    }

    /// The answer to the last rank's word comes to another one later; who begins later anyway does not wait for it.
    @Test func `a barrier takes as long as the way to the coordinator and back`() throws {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 1)
        let step = try Simulator(schedule, edges: Edge.chain(stages: 2)).step(
            times: StageTimes(uniform: .init(forward: 1, backward: 2), stages: 2), linkTimes: [.free])
        #expect(step.end == [6, 4] && step.begin == [0, 1])
        func period(_ ways: [Double]) -> Double {
            step.period(StepEnd(optimizer: [0, 0], barrier: 0.5, ways: ways))
        }
        #expect(period([]) == 6.5 && period([0, 0.75]) == 6.5)
        #expect(period([2, 0]) == 10.5)
        #expect(period([0, 3]) == 9.5)
    }

    @Test func `equal layers take nearly what they must at least`() throws {
        let layer = LayerCost(forward: 1, inputGradient: 1, weightGradient: 1)
        let planner = try StepPlanner(layers: [LayerCost](repeating: layer, count: 64), barrier: 0)
        for microBatches in [8, 11, 40] {
            let schedule = Schedule.oneForwardOneBackward(stages: 8, microBatches: microBatches)
            let seconds = try planner.plan(schedule).stepSeconds
            let least = try #require(try planner.leastSeconds(schedule))
            #expect(seconds <= Double(24 * (microBatches + 7)) && least <= seconds && least > 0.92 * seconds)
        }
        #expect(try planner.leastSeconds(.zeroBubbleV(ranks: 8, microBatches: 8)) == nil)
    }

    /// Against every way to cut random layers, with and without a limit that some of them exceed.
    private func compare(_ schedule: Schedule, layers: Int, _ random: inout Random, tolerance: Double) throws {
        let costs = (0..<layers).map { _ in random.layer() }
        let link = LinkCost(latency: 0.1, bytesPerSecond: 100)
        let ways = everyCuts(layers: layers, stages: schedule.stageCount)
        let free = try StepPlanner(layers: costs, link: link, barrier: 0)
        let predictions = try ways.map { try free.predict(schedule, cuts: $0) }
        let fastest = try #require(predictions.map(\.stepSeconds).min())
        #expect(try free.plan(schedule).stepSeconds <= fastest * (1 + tolerance), "\(schedule.name)")

        let peaks = predictions.map { $0.memoryOfRank.max() ?? 0 }.sorted()
        let limits = [Int](repeating: peaks[peaks.count / 8], count: schedule.rankCount)
        let fitting = predictions.filter { zip($0.memoryOfRank, limits).allSatisfy { $0 <= $1 } }
        let fastestFitting = try #require(fitting.map(\.stepSeconds).min())
        let plan = try StepPlanner(layers: costs, link: link, memoryLimits: limits, barrier: 0).plan(schedule)
        #expect(zip(plan.memoryOfRank, limits).allSatisfy { $0 <= $1 })
        #expect(plan.stepSeconds <= fastestFitting * (1 + tolerance), "\(schedule.name)")
    }

    @Test func `the rank that cannot fit is named with the bytes it lacks`() throws {
        var random = Random(seed: 5)
        for _ in 0..<20 {
            let costs = (0..<14).map { _ in random.layer() }
            let schedule = Schedule.oneForwardOneBackward(stages: 5, microBatches: 8)
            let limits = (0..<5).map { _ in 40 + random.below(60) }
            let ways = everyCuts(layers: 14, stages: 5)
            let free = try StepPlanner(layers: costs)
            let lacks = try ways.map { cuts in
                zip(try free.predict(schedule, cuts: cuts).memoryOfRank, limits).map { $0 - $1 }.max() ?? 0
            }
            let least = try #require(lacks.min())
            let planner = try StepPlanner(layers: costs, memoryLimits: limits)
            guard least > 0 else { continue }
            do {
                _ = try planner.plan(schedule)
                Issue.record("a plan that cannot be")
            } catch {
                guard case .memory(let lack) = error else { throw error }
                #expect(lack.missingBytes == least && lack.limitBytes == limits[lack.rank])
            }
        }
        let one = LayerCost(forward: 1, inputGradient: 1, weightGradient: 1, activationBytes: 10, stateBytes: 100)
        let planner = try StepPlanner(layers: [one, one], memoryLimits: [115, 200])
        #expect(
            message { try planner.plan(.oneForwardOneBackward(stages: 2, microBatches: 4)) }
                == "1f1b: rank 0 needs 120 bytes with the cuts that need least, 5 more than its limit of 115")
    }

    @Test func `a large model is cut better than evenly`() throws {
        var random = Random(seed: 6)
        let costs = (0..<512).map { _ in random.layer() }
        let planner = try StepPlanner(layers: costs, link: LinkCost(latency: 0.01, bytesPerSecond: 1e4))
        let schedule = Schedule.oneForwardOneBackward(stages: 64, microBatches: 128)
        let even = try planner.predict(schedule, cuts: (1..<64).map { $0 * 8 })
        #expect(try planner.plan(schedule).stepSeconds < even.stepSeconds * 0.95)
    }

    @Test func `mistakes are refused`() throws {
        let layer = LayerCost(forward: 1, inputGradient: 1, weightGradient: 1)
        var (bad, heavy, huge) = (layer, layer, layer)
        bad.inputGradient = .nan
        heavy.stateBytes = -1
        huge.activationBytes = .max
        #expect(message { try StepPlanner(layers: []) } == "layers: expected at least 1, got 0")
        #expect(
            message { try StepPlanner(layers: [layer, bad]) }
                == "seconds of layer 1: expected a finite number of at least 0, got nan")
        #expect(message { try StepPlanner(layers: [heavy]) } == "bytes of layer 0: expected at least 0, got -1")
        #expect(
            message { try StepPlanner(layers: [huge, huge]) } == "bytes: expected a sum below 2^63, got more")
        #expect(
            message { try StepPlanner(layers: [huge]).plan(.gpipe(stages: 1, microBatches: 2)) }
                == "bytes: expected a sum below 2^63, got 2 × \(Int.max) + 0")
        #expect(
            message { try StepPlanner(layers: [layer], link: LinkCost(latency: 0, bytesPerSecond: 0)) }
                == "bytes per second: expected more than 0, got 0.0")
        let planner = try StepPlanner(layers: [layer, layer], memoryLimits: [1])
        let two = Schedule.gpipe(stages: 2, microBatches: 1)
        #expect(message { try planner.plan(two) } == "memory limits: expected 2 ranks, got 1")
        #expect(
            message { try planner.plan(.gpipe(stages: 3, microBatches: 1)) }
                == "layers: expected at least one for each of 3 stages, got 2")
        for cuts in [[], [0], [2], [1, 1]] {
            #expect(
                message { try StepPlanner(layers: [layer, layer]).predict(two, cuts: cuts) }
                    == "cuts: expected 1, increasing, in 1 … 1, got \(cuts)")
        }
    }
}

/// Every way to cut layers into stages, none empty.
func everyCuts(layers: Int, stages: Int) -> [[Int]] {
    (0..<(stages - 1)).reduce([[]]) { ways, index in
        ways.flatMap { cuts in
            (((cuts.last ?? 0) + 1)..<(layers - (stages - 2 - index))).map { cuts + [$0] }
        }
    }
}

/// Costs of layers that are the same in every run.
struct Random {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    mutating func layer() -> LayerCost {
        LayerCost(
            forward: Double(1 + below(9)), inputGradient: Double(1 + below(9)), weightGradient: Double(1 + below(9)),
            update: Double(below(3)), activationBytes: below(10), stateBytes: below(100), outputBytes: below(100))
    }
}
