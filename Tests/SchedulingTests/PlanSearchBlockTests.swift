import Scheduling
import Testing

/// Searches that first look at runs of layers.
struct PlanSearchBlockTests {
    private func search(blocks: Bool) -> PlanSearch {
        // Attention and MLP, eight times, and a head.
        let layers =
            (0..<8).flatMap { _ in
                [
                    LayerCost(
                        forward: 2, inputGradient: 3, weightGradient: 2, activationBytes: 5, stateBytes: 4,
                        outputBytes: 1),
                    LayerCost(
                        forward: 4, inputGradient: 3, weightGradient: 4, activationBytes: 4, stateBytes: 8,
                        outputBytes: 1),
                ]
            } + [LayerCost(forward: 7, inputGradient: 7, weightGradient: 7, stateBytes: 30)]
        let runs = (0..<8).map { 2 * $0..<2 * $0 + 2 } + [16..<17]
        return PlanSearch(
            ranks: 2,
            alternatives: [
                .init(
                    name: "one", layers: layers, tokensPerMicroBatch: 1, microBatches: [8], memory: nil,
                    blocks: blocks ? runs : nil)
            ])
    }

    @Test func `what is found is cut as finely as without blocks`() throws {
        let (coarse, fine) = (try search(blocks: true).best(3), try search(blocks: false).best(3))
        #expect(coarse[0].plan == fine[0].plan)
        #expect(coarse.contains { $0.plan.cuts.contains { !$0.isMultiple(of: 2) } })
        #expect(coarse.allSatisfy { $0.plan.layerCount == 17 })
    }

    @Test func `more stages than blocks are looked at by layers`() throws {
        var search = search(blocks: true)
        search.schedules = ["interleaved"]
        search.virtuals = [8]
        #expect(try search.best(1)[0].plan.stageCount == 16)
    }
}
