import Manifests
import Models
import Partitioning
import Planning
import Scheduling
import TestPlans
import TestSupport
import Testing

/// Plans whose schedule somebody wrote.
@Suite struct WrittenScheduleTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func plan(
        _ text: String, devices: String = "[cpu:0, cpu:1]", microBatches: Int = 4, more: String = ""
    ) throws -> TrainingPlan {
        try folder.write(text, to: "s.txt")
        return try Plans.make(
            devices: devices, more: more,
            set: ["schedule.file=\(folder.file("s.txt"))", "batch.microbatches=\(microBatches)"])
    }

    @Test func `what prints as text plans like the schedule itself`() throws {
        let known = try Plans.make(more: "schedule: zb-h1")
        let same = try plan("# by hand\n" + known.schedule.description)
        #expect(same.schedule.ranks == known.schedule.ranks && same.schedule.name == "s.txt")
        #expect(same.lowered.ranks == known.lowered.ranks && same.cuts == known.cuts)
        let resolved = try PipelineManifest.decode(yaml: same.manifest.resolvedYAML(), file: "run/pipeline.yaml")
        try folder.write("", to: "s.txt")
        #expect(try TrainingPlan(resolved).schedule == same.schedule)
    }

    @Test func `stages lie on devices as the file says`() throws {
        let plan = try plan(
            "0F0 0F1 3F0 3B0 0B0 3F1 3B1 0B1\n1F0 2F0 1F1 2F1 2B0 1B0 2B1 1B1", microBatches: 2,
            more: "partition: uniform")
        #expect(plan.schedule.rankOfStage == [0, 1, 1, 0])
        #expect(plan.cuts == [1, 2, 3])
        let report = try PlanReport(plan, profiles: ProfileCache(folder: nil))
        #expect(report.stages.map(\.device) == ["cpu:0", "cpu:1", "cpu:1", "cpu:0"])
        #expect(report.memory.map(\.bytes).count == 2)
    }

    @Test(arguments: [
        ("0F0 0B0\n1F0 1X0", 1, "s.txt:2:5: expected an instruction such as 0F0 (stage, one of F B I W, micro-batch)"),
        ("# a\n0F0 0B0\n\n1F0 1B0", 1, "s.txt:3:1: expected an instruction"),
        ("0F0 0B0", 1, "s.txt:1:1: 1 rank, for 2 devices; expected a line for each device"),
        (
            "0F0 0B0\n# b\n1F0 1B0", 4,
            "s.txt:1:1: 1 micro-batch, but batch.microbatches is 4; expected batch.microbatches: 1"
        ),
        ("0F0 0B0\n1F0 1B0 1B0", 1, "s.txt:2:9: rank 1, instruction 2: expected each micro-batch once"),
        ("0F0 0B0\n# b\n1B0, 1F0", 1, "s.txt:3:1: rank 1, instruction 0: expected 1F0 before 1B0"),
        ("0F0 0F1 0B0 0B1\n1F0 1B0 1F1", 2, "s.txt:2:12: rank 1, instruction 3: expected 1B1, got none"),
        (
            "0F1 0F0 0B0 0B1\n1F0 1F1 1B0 1B1", 2,
            "s.txt:1:1: rank 0, instruction 0: expected 0F0 before 0F1, in the order of micro-batches"
        ),
        ("0F0 0B0 0F1 0B1\n1F0 1F1 1B0 1B1", 2, "s.txt:1:5: deadlock"),
    ]) func `mistakes name the line and the cell`(_ text: String, _ microBatches: Int, _ says: String) {
        let text = message { try plan(text, microBatches: microBatches) }
        #expect(text.hasPrefix(folder.path + "/" + says), "\(text)")
    }

    @Test func `stages and cuts must fit the model`() {
        let text = "0F0 0B0\n1F0 1B0"
        #expect(
            message { try plan(text, microBatches: 1, more: "partition: {cuts: [1, 2]}") }.hasSuffix(
                "partition cuts: expected 1 for 2 stages, got 2"))
        let many = "0F0 2F0 4F0 4B0 2B0 0B0\n1F0 3F0 3B0 1B0"
        #expect(
            message { try plan(many, microBatches: 1, more: "partition: uniform") }.contains("5 stages for 4 layers"))
    }

    @Test func `a file alone is checked too`() throws {
        let path = try folder.write("0F0 0F1 0B0 0B1\n1F0 1B0 1F1 1B1\n", to: "good.txt")
        #expect(try Schedule(file: path).stageCount == 2)
        let bad = try folder.write("0F0 0B0 0F1 0B1\n1F0 1F1 1B0 1B1\n", to: "bad.txt")
        #expect(message { try Schedule(file: bad) }.hasPrefix("\(bad):1:5: deadlock"))
    }
}
