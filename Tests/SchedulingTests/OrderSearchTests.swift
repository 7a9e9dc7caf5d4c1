import Scheduling
import Systems
import Testing

/// Orders of instructions that are fitted to what stages take.
struct OrderSearchTests {
    private func planner(_ seconds: [(Double, Double, Double)], barrier: Double? = nil) throws -> StepPlanner {
        try StepPlanner(
            layers: seconds.map {
                LayerCost(
                    forward: $0.0, inputGradient: $0.1, weightGradient: $0.2, update: 0.01, activationBytes: 10,
                    outputBytes: 1)
            }, link: LinkCost(latency: 0.001, bytesPerSecond: 1e9), barrier: barrier)
    }

    /// Attentions, MLPs and a head as a CPU took them, in units of a hundredth of a second.
    private static let model: [(Double, Double, Double)] =
        (0..<8).flatMap { _ in [(2.2, 2.8, 1.8), (3.5, 3.4, 3.4)] } + [(7.0, 6.5, 6.8)]

    @Test func `a folded pipeline of unequal stages idles no more`() throws {
        let planner = try planner(Self.model)
        let named = try planner.plan(.zeroBubbleV(ranks: 2, microBatches: 8))
        let fitted = try planner.fitted(.zeroBubbleV(ranks: 2, microBatches: 8), cuts: named.cuts)
        #expect(named.bubbleFraction > 0.02)
        #expect(fitted.plan.bubbleFraction < 0.01)
        #expect(fitted.plan == (try planner.predict(fitted.schedule, cuts: named.cuts)))
        // The same every time.
        #expect(
            try planner.fitted(.zeroBubbleV(ranks: 2, microBatches: 8), cuts: named.cuts).schedule == fitted.schedule)
    }

    @Test func `where nothing can be gained, the order stays`() throws {
        let planner = try StepPlanner(
            layers: [LayerCost](
                repeating: LayerCost(forward: 1, inputGradient: 1, weightGradient: 1), count: 8))
        let schedule = Schedule.zeroBubbleV(ranks: 2, microBatches: 8)
        #expect(try planner.fitted(schedule, cuts: [2, 4, 6]).schedule == schedule)
    }

    @Test(arguments: Schedule.names, [nil, 0.02])
    func `it is the same work in a valid order, no slower and no larger`(_ name: String, _ barrier: Double?) throws {
        var random = Random(seed: 5)
        for (ranks, microBatches) in [(2, 5), (3, 7), (4, 8)] {
            let layers = (0..<14).map { _ in
                (Double(1 + random.below(9)), Double(1 + random.below(9)), Double(1 + random.below(9)))
            }
            let planner = try planner(layers, barrier: barrier)
            let schedule = try Schedule.named(name, ranks: ranks, microBatches: microBatches)
            let named = try planner.plan(schedule, effort: .brief)
            let (order, plan) = try planner.fitted(schedule, cuts: named.cuts)
            #expect(plan.stepSeconds <= named.stepSeconds && plan.cuts == named.cuts)
            let most = named.memoryOfRank.max() ?? 0
            #expect(plan.memoryOfRank.allSatisfy { $0 <= most })
            #expect(order.ranks.map(Set.init) == schedule.ranks.map(Set.init))
            let edges = Edge.chain(stages: order.stageCount)
            try order.validate(edges: edges, queueDepth: try #require(try order.smallestQueueDepth(edges: edges)))
            for stage in 0..<order.stageCount {
                for passes in [[Pass.forward], [.backward, .backwardInput], [.backward, .backwardWeight]] {
                    let own = order.ranks[order.rankOfStage[stage]].filter {
                        $0.stage == stage && passes.contains($0.pass)
                    }
                    #expect(own.map(\.microBatch) == Array(0..<microBatches))
                }
            }
        }
    }

    @Test func `what a limit of memory allows is used`() throws {
        let free = try planner(Self.model)
        let schedule = Schedule.zeroBubbleH1(stages: 2, microBatches: 8)
        let named = try free.plan(schedule)
        let most = named.memoryOfRank.map { $0 * 3 }
        let layers = Self.model.map {
            LayerCost(
                forward: $0.0, inputGradient: $0.1, weightGradient: $0.2, update: 0.01, activationBytes: 10,
                outputBytes: 1)
        }
        let roomy = try StepPlanner(
            layers: layers, link: LinkCost(latency: 0.001, bytesPerSecond: 1e9), memoryLimits: most)
        let fitted = try free.fitted(schedule, cuts: named.cuts).plan
        let larger = try roomy.fitted(schedule, cuts: named.cuts).plan
        #expect(larger.stepSeconds <= fitted.stepSeconds && fitted.stepSeconds <= named.stepSeconds)
        #expect(zip(larger.memoryOfRank, most).allSatisfy { $0 <= $1 })
    }

    @Test func `a fitted order is called after the schedule that it comes from`() {
        #expect(Schedule.fittedName(of: "zb-v") == "zb-v, fitted")
        #expect(Schedule.name(ofFitted: "zb-v, fitted") == .zeroBubbleV)
        #expect(Schedule.name(ofFitted: "zb-v") == nil && Schedule.name(ofFitted: "x, fitted") == nil)
    }
}
