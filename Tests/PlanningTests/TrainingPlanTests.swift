import Manifests
import Models
import Partitioning
import Planning
import Scheduling
import Systems
import Tensors
import TestPlans
import Testing
import Transport

@Suite struct TrainingPlanTests {
    @Test(arguments: [
        ("uniform", [2]), ("parameters", [2]), ("flops", [3]), ("'type:transformer'", [2]), ("{cuts: [1]}", [1]),
    ])
    func `a partition method is the manifest's`(_ method: String, _ cuts: [Cut]) throws {
        let plan = try Plans.make(more: "partition: \(method)")
        #expect(plan.cuts == cuts)
        let first = try #require(plan.model.names.place(of: cuts[0]))
        #expect(plan.layout.stages.map(\.entries) == [0..<first, first..<6])
    }

    /// The head takes as much as the transformers, and the MLP more than the attention.
    @Test func `what is computed is balanced inside layers too`() throws {
        let plan = try Plans.make(devices: "[cpu:0, cpu:1, cpu:2]", more: "partition: flops")
        #expect(plan.cuts == [2, 3])
        let three = """
            {layers: [{embedding: {vocab: 16, width: 8}}, {repeat: 3, layers: [{transformer: {width: 8, heads: 2}}]},
            {linear: {in: 8, out: 16}}], loss: cross-entropy}
            """
        #expect(try Plans.make(model: three, more: "partition: flops").cuts == ["2.mlp"])
    }

    @Test func `a cut inside a layer is written and read by its part's name`() throws {
        let plan = try Plans.make(devices: "[cpu:0, cpu:1, cpu:2]", more: "partition: {cuts: [1.mlp, 3]}")
        #expect(plan.cuts == ["1.mlp", 3])
        #expect(plan.layout.stages.map(\.entries) == [0..<2, 2..<5, 5..<6])
        #expect(
            (0..<3).map(plan.describe(stage:)) == [
                "layers 0–1.attention (embedding, attention)", "layers 1.mlp–2 (mlp, transformer)", "layer 3 (linear)",
            ])
        let again = try PipelineManifest.decode(yaml: plan.manifest.resolvedYAML(), file: "p/x.yaml")
        #expect(again.partition == .cuts(plan.cuts))
        var strange = try Plans.manifest(more: "partition: uniform")
        strange.partition = .cuts(["1.head"])
        let text = message { try TrainingPlan(strange) }
        #expect(text.hasSuffix("partition cuts: expected layers of the model, or parts of them, got 1.head"), "\(text)")
    }

    @Test func `a stage is described by its layers`() throws {
        let plan = try Plans.make(devices: "[cpu:0, cpu:1, cpu:2]", more: "partition: {cuts: [1, 3]}")
        #expect(
            (0..<3).map(plan.describe(stage:)) == [
                "layer 0 (embedding)", "layers 1–2 (2 × transformer)", "layer 3 (linear)",
            ])
    }

    @Test func `more stages than layers is an error that says where`() throws {
        let (five, seven) = (
            "[cpu:0, cpu:1, cpu:2, cpu:3, cpu:4]", "[cpu:0-1, cpu:2, cpu:3, cpu:4, cpu:5, cpu:6, cpu:7]"
        )
        let whole = message { try Plans.make(devices: five, more: "partition: uniform") }
        #expect(
            whole.hasSuffix("partition: expected at least one layer for each stage, got 5 stages for 4 layers"),
            "\(whole)")
        #expect(try Plans.make(devices: five).cuts.count == 4)
        let text = message { try Plans.make(devices: seven) }
        #expect(
            text
                == "p/tiny.yaml:3:10: partition: expected at least one layer, or a part of one, for each stage, got 7 stages "
                + "for 4 layers with 6 parts", "\(text)")
    }

    @Test func `a shape that does not fit is bad input, with its place`() {
        let layers = "{layers: [{embedding: {vocab: 256, width: 8}}, {linear: {in: 9, out: 256}}], loss: cross-entropy}"
        #expect(
            message { try Plans.make(model: layers) }
                == "p/tiny.yaml:2:56: layer 1 (linear): expected width 9, got [2 × 4 × 8]")
    }

    @Test func `the depth of a link's queue lets a portal's value wait for the stages it skips`() throws {
        let plan = try Plans.make(
            model: Plans.portal, devices: "[cpu:0, cpu:1, cpu:2, cpu:3]", more: "partition: {cuts: [2, 3, 4]}")
        #expect(
            plan.edges.map(\.description) == [
                "boundary 0→1", "portal 0→3", "boundary 1→2", "boundary 2→3", "targets 0→3",
            ])
        #expect(plan.targetsEdge == 4)
        let least = try #require(try plan.schedule.smallestQueueDepth(edges: plan.edges))
        #expect(plan.queueDepth >= least && plan.queueDepth == 4)
        #expect(try Plans.make(devices: "[cpu:0]").queueDepth == 2)
    }

    @Test func `a stage of re-labelling alone trains along`() throws {
        let model = """
            {layers: [{embedding: {vocab: 256, width: 8}}, {reshape: [32]}, {reshape: [4, 8]},
            {linear: {in: 8, out: 256}}], loss: cross-entropy}
            """
        let plan = try Plans.make(
            model: model, devices: "[cpu:0, cpu:1, cpu:2]", more: "partition: {cuts: [1, 3]}")
        #expect(plan.edges.map(\.description) == ["portal 0→2", "targets 0→2"])
        #expect(plan.lowered.ranks[1].sends.isEmpty && plan.lowered.ranks[1].receives.isEmpty)
    }

    @Test func `memory is counted in bytes: state, frames in flight, what passes share`() throws {
        let plan = try Plans.make(devices: "[cpu:0]")
        let memory = plan.memory(ofStage: 0)
        // Weights, gradients and AdamW's two moments.
        #expect(memory.state == plan.model.parameterCount * 4 * 4)
        #expect(memory.activations > 0 && memory.transient > 0)
        let sgd = try Plans.make(devices: "[cpu:0]", more: "optimizer: {sgd: {lr: 0.1}}")
        #expect(sgd.memory(ofStage: 0).state == plan.model.parameterCount * 4 * 2)
        let gpipe = try Plans.make(devices: "[cpu:0]", more: "schedule: gpipe")
        #expect(gpipe.memory(ofStage: 0).activations == 4 * memory.activations)
    }

    @Test func `recomputation trades frames for work`() throws {
        let kept = try Plans.make().memory(ofStage: 0).activations
        let recomputed = try Plans.make(more: "recompute: stage").memory(ofStage: 0).activations
        #expect(recomputed < kept)
    }

    @Test func `sizes beyond any memory are counted, not trapped over`() throws {
        let model = """
            {layers: [{embedding: {vocab: 2, width: 16777216}}, {repeat: 2000, layers: [relu]}], loss: cross-entropy}
            """
        let plan = try Plans.make(
            model: model, devices: "[cpu:0]", more: "schedule: gpipe",
            set: ["batch.micro=4", "batch.microbatches=4096", "data.sequence=1048576", "data.random=9999999"])
        #expect(plan.memory(ofStage: 0).activations == .max)
        #expect(message { try PlanReport(plan).text() }.isEmpty)
    }

    @Test func `tokens of a step are the global batch's`() throws {
        #expect(try Plans.make().tokensPerStep == 2 * 4 * 4)
    }
}
