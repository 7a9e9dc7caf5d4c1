import Models
import Planning
import TestPlans
import Testing

/// Runs of layers that take equally much as stages, wherever they stand.
@Suite struct EqualEntriesTests {
    private func plan(_ layers: String, _ more: String = "") throws -> TrainingPlan {
        try Plans.make(
            model:
                "{layers: [{embedding: {vocab: 256, width: 8}}, \(layers), {linear: {in: 8, out: 256}}], loss: cross-entropy}",
            devices: "[cpu:0, cpu:1, cpu:2]", more: more)
    }

    @Test func `equal layers are alike, but for the model's ends`() throws {
        let plan = try plan("{repeat: 6, layers: [{transformer: {width: 8, heads: 2}}]}")
        let equal = EqualEntries(plan.model)
        // Each has two parts.
        #expect(equal.run(1..<5) == equal.run(7..<11) && equal.run(2..<5) == equal.run(10..<13))
        #expect(equal.run(0..<2) != equal.run(1..<3) && equal.run(12..<14) != equal.run(10..<12))
        #expect(equal.run(1..<3) != equal.run(1..<4) && equal.run(1..<3) != equal.run(2..<4))
        // And as stages take equally much.
        let taken = try [[2, 4], [3, 5]].map { cuts in
            try self.plan(
                "{repeat: 6, layers: [{transformer: {width: 8, heads: 2}}]}", "partition: {cuts: \(cuts)}"
            ).memory(ofStage: 1)
        }
        #expect(taken[0] == taken[1] && taken[0].activations > 0)
    }

    @Test func `other settings, residual lists and frozen layers are told apart`() throws {
        let plan = try plan(
            """
            {transformer: {width: 8, heads: 2}}, {transformer: {width: 8, heads: 4}},
            {residual: [{layer-norm: {width: 8}}, {linear: {in: 8, out: 8}}]}, {linear: {in: 8, out: 8}},
            {residual: [{layer-norm: {width: 8}}, {linear: {in: 8, out: 8}}]}
            """)
        let equal = EqualEntries(plan.model)
        // The attentions differ; the MLPs behind them do not.
        #expect(equal.run(1..<2) != equal.run(3..<4) && equal.run(2..<3) == equal.run(4..<5))
        #expect(equal.run(5..<6) != equal.run(6..<7) && equal.run(5..<6) == equal.run(7..<8))
        let frozen = EqualEntries(
            try self.plan("{repeat: 4, layers: [{linear: {in: 8, out: 8}}]}", "train: '^[3-9]'").model)
        #expect(frozen.run(1..<2) == frozen.run(2..<3) && frozen.run(2..<3) != frozen.run(3..<4))
    }

    @Test func `where something passes a layer by, none is like another`() throws {
        let layers = "{stash: x}, {repeat: 3, layers: [{linear: {in: 8, out: 8}}]}, {pop: x}, add"
        let equal = EqualEntries(try plan(layers).model)
        #expect(equal.run(2..<3) != equal.run(3..<4))
    }
}
