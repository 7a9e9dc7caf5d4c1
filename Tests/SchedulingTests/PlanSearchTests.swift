import Scheduling
import Testing

@Suite struct PlanSearchTests {
    /// Eight layers that keep much, or that keep little and recompute their forward.
    private func search(limit: Int?) -> PlanSearch {
        let kept = LayerCost(
            forward: 1, inputGradient: 1, weightGradient: 1, activationBytes: 100, stateBytes: 50, outputBytes: 8)
        let computedAgain = LayerCost(
            forward: 1, inputGradient: 2, weightGradient: 1, activationBytes: 10, stateBytes: 50, outputBytes: 8)
        func alternative(_ name: String, _ layer: LayerCost) -> PlanSearch.Alternative {
            PlanSearch.Alternative(
                name: name, layers: [LayerCost](repeating: layer, count: 8), tokensPerMicroBatch: 64,
                microBatches: [4, 8])
        }
        return PlanSearch(
            ranks: 2,
            alternatives: [alternative("recompute: none", kept), alternative("recompute: stage", computedAgain)],
            link: LinkCost(latency: 0.01, bytesPerSecond: 1000), memoryLimits: limit.map { [$0, $0] }, barrier: 0)
    }

    @Test func `the five best come first`() throws {
        let best = try search(limit: nil).best()
        #expect(best.count == 5)
        #expect(zip(best, best.dropFirst()).allSatisfy { $0.tokensPerSecond >= $1.tokensPerSecond })
        for choice in best {
            #expect(choice.tokensPerSecond == Double(64 * choice.plan.microBatches) / choice.plan.stepSeconds)
            #expect(choice.alternative == "recompute: none")
        }
        #expect(best.first?.plan.schedule == "zb-v")
        #expect(best.first?.plan.microBatches == 8)
        #expect(Set(best.map(\.plan)).count == 5)
    }

    @Test func `no choice is better than the first`() throws {
        let search = search(limit: 900)
        let first = try #require(try search.best(1).first)
        var tried = 0
        for alternative in search.alternatives {
            let planner = try StepPlanner(
                layers: alternative.layers, link: search.link, memoryLimits: search.memoryLimits, barrier: 0)
            for name in Schedule.names {
                for microBatches in alternative.microBatches {
                    let schedule = try Schedule.named(name, ranks: 2, microBatches: microBatches)
                    guard let plan = try? planner.plan(schedule) else { continue }
                    tried += 1
                    #expect(Double(64 * microBatches) / plan.stepSeconds <= first.tokensPerSecond)
                }
            }
        }
        #expect(tried > 10)
    }

    @Test func `each choice is what planning its schedule alone gives, whatever was planned at the same time`() throws {
        let search = search(limit: 900)
        let best = try search.best(8)
        #expect(best.count == 8)
        for choice in best {
            let alternative = try #require(search.alternatives.first { $0.name == choice.alternative })
            let planner = try StepPlanner(
                layers: alternative.layers, link: search.link, memoryLimits: search.memoryLimits, barrier: 0)
            let schedule = try Schedule.named(
                choice.plan.schedule, ranks: 2, microBatches: choice.plan.microBatches, virtual: choice.plan.virtual)
            #expect(try planner.plan(schedule) == choice.plan)
        }
        for _ in 0..<5 { #expect(try search.best(8) == best) }
    }

    @Test func `cuts that are given stay, and schedules without any are not tried`() throws {
        var search = search(limit: nil)
        search.cuts = { $0.stageCount == 2 ? [3] : nil }
        let best = try search.best(20)
        #expect(!best.isEmpty && best.allSatisfy { $0.plan.cuts == [3] && $0.plan.virtual == 1 })
        search.memoryLimits = [300, 600]
        let short = try search.best(20)
        #expect(!short.isEmpty && short.allSatisfy { $0.plan.memoryOfRank[0] <= 300 && $0.plan.memoryOfRank[1] <= 600 })
        search.memoryLimits = [100, 600]
        #expect(message { try search.best() }.contains("rank 0 needs"))
    }

    @Test func `what keeps less wins where memory is short`() throws {
        let best = try search(limit: 300).best()
        #expect(!best.isEmpty && best.allSatisfy { $0.alternative == "recompute: stage" })
        #expect(best.allSatisfy { $0.plan.memoryOfRank.allSatisfy { $0 <= 300 } })
    }

    @Test func `where nothing fits the smallest shortage is reported`() {
        // Rank 0 holds the state of 4 layers, 3 micro-batches of the first of them and 1 of the last 3.
        #expect(
            message { try search(limit: 230).best() }
                == "v-half: rank 0 needs 260 bytes with the cuts that need least, 30 more than its limit of 230")
    }

    @Test func `fewer layers than stages are refused`() {
        var search = search(limit: nil)
        search.ranks = 9
        #expect(
            message { try search.best() } == "layers: expected at least one for each stage of a schedule, got fewer")
        search.ranks = 2
        search.schedules = ["2f2b"]
        #expect(message { try search.best() }.hasPrefix("schedule: expected 1f1b, gpipe"))
    }
}
