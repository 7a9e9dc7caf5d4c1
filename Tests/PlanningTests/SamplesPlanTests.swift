import Foundation
import Manifests
import Models
import Planning
import Runs
import Systems
import Tensors
import TestPlans
import TestSupport
import Testing
import Transport

/// Samples whose length is not written: their file says it, and the plan has it from there on.
@Suite struct SamplesPlanTests {
    private let folder: TemporaryFolder
    private let data: String

    init() throws {
        folder = try TemporaryFolder()
        let lines = [5, 9, 2].map { "{\"input_ids\": \(Array(0..<$0))}\n" }
        data = "data={samples: \(try folder.write(lines.joined(), to: "s.jsonl"))}"
    }

    @Test func `the longest sample decides the shapes`() throws {
        let plan = try Plans.make(set: [data])
        #expect(plan.manifest.data.sequence == 9)
        #expect(plan.model.values[plan.model.input].spec == TensorSpec([2, 9], .i32))
        #expect(plan.tokensPerStep == 2 * 4 * 9)
        let written = try Plans.make(set: [data, "data.sequence=12"])
        #expect(written.model.values[written.model.input].spec == TensorSpec([2, 12], .i32))
    }

    @Test func `the resolved manifest has the length so that no worker reads the file for it`() throws {
        let plan = try Plans.make(set: [data])
        #expect(plan.manifest.resolvedYAML().contains("/s.jsonl\", sequence: 9, order: shuffled}"))
        try FileManager.default.removeItem(atPath: folder.file("s.jsonl"))
        #expect(try TrainingPlan(plan.manifest).tokensPerStep == plan.tokensPerStep)
    }

    @Test func `the rank that reads the samples must have the coordinator's`() throws {
        let plan = try Plans.make(set: [data])
        #expect(
            try plan.digest(of: 0).parts.map(\.name) == ["version", "manifest", "data file \(folder.file("s.jsonl"))"])
        #expect(try plan.digest(of: 1).parts.map(\.name) == ["version", "manifest"])
    }

    @Test func `a file that is not there or holds something else is bad input with the place that named it`() throws {
        let path = folder.file("s.jsonl")
        try folder.write("{\"input_ids\": [1]}\n{\"input_ids\": [1, -2]}\n", to: "s.jsonl")
        let wrong = message { try Plans.make(set: [data]) }
        #expect(wrong.hasPrefix("--set data={samples: "), "\(wrong)")
        #expect(wrong.hasSuffix(": \(path):2: expected a token id, got input_ids[1] = -2"), "\(wrong)")
        try FileManager.default.removeItem(atPath: path)
        let failure = try #require(throws: RunFailure.self) { try Plans.make(set: [data]) }
        #expect(failure.code == .badInput)
        #expect(failure.message.hasSuffix(": \(path): cannot open: No such file or directory"))
    }
}
