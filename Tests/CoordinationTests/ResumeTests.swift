import CPUDevices
import Coordination
import Foundation
import Manifests
import Models
import Optimizers
import Partitioning
import Planning
import Reports
import Runs
import Scheduling
import Synchronization
import Systems
import Tensors
import TestSupport
import Testing

/// A run that ends behind a step and goes on from its checkpoint, in other workers.
@Suite struct ResumeTests {
    private static func pipeline(_ devices: Int, _ precision: String = "f32") -> PipelineManifest {
        var pipeline = TrainingRunTests.pipeline(devices)
        pipeline.steps = 6
        pipeline.clip = 0.5
        pipeline.learningRate = LearningRate(warmup: 4)
        pipeline.checkpoint = .init(every: .steps(3), keepLast: 9)
        // Its first steps overflow, and the scale grows soon after: the scaler's memory matters.
        if precision == "f16" { pipeline.precision = .f16(.init(initialPower: 20, window: 1, hysteresis: 1)) }
        return pipeline
    }

    private func run(
        _ manifest: PipelineManifest, in folder: String, until last: Int? = nil, resume: ResumeMode? = nil,
        accepted: Set<String> = []
    ) throws {
        var options = Coordinator.Options(
            runDirectory: folder, output: .quiet, launch: .threads, resume: resume)
        options.accepted = accepted
        try Coordinator(TrainingPlan(manifest), options, steps: last.map { 0..<$0 }).run()
    }

    private struct Result: Hashable {
        /// As texts: the norm of gradients that overflow is no number, and equals nothing.
        var losses: [String]
        var weights: Data

        init(_ folder: TemporaryFolder, _ run: String) throws {
            losses = try folder.text(run + "/metrics.jsonl").split(separator: "\n").map { line in
                let step = try StepMetrics(line: String(line))
                return "\(step.step) \(step.loss ?? 0) \(step.gradNorm ?? 0) \(step.lossScale ?? 0) \(step.isSkipped)"
            }
            weights = try folder.bytes(run + "/model.safetensors")
        }
    }

    @Test(arguments: ["f32", "f16"])
    func `what any number of stages kept, any other goes on from with the same bits`(_ precision: String) throws {
        let folder = try TemporaryFolder()
        try run(Self.pipeline(1, precision), in: folder.file("whole"))
        let whole = try Result(folder, "whole")
        #expect(whole.losses.count == 6)
        for stages in 1...4 {
            try run(Self.pipeline(stages, precision), in: folder.file("\(stages)"), until: 3)
            for others in 1...4 {
                let name = "\(stages)-\(others)"
                try FileManager.default.copyItem(atPath: folder.file("\(stages)"), toPath: folder.file(name))
                try run(Self.pipeline(others, precision), in: folder.file(name), resume: .latest)
                #expect(try Result(folder, name) == whole, "\(name)")
            }
        }
    }

    @Test func `another schedule, recomputation and stages on a device change no bit either`() throws {
        let folder = try TemporaryFolder()
        try run(Self.pipeline(2), in: folder.file("whole"))
        let whole = try Result(folder, "whole")
        try run(Self.pipeline(2), in: folder.file("first"), until: 3)
        for (index, schedule) in [PipelineManifest.Schedule.gpipe, .named(.zeroBubbleH1), .named(.zeroBubbleV)]
            .enumerated()
        {
            var other = Self.pipeline(2)
            other.schedule = schedule
            if case .named(let name) = schedule { other.virtual = name.usualVirtualStages }
            other.recompute = .stage
            let name = "other-\(index)"
            try FileManager.default.copyItem(atPath: folder.file("first"), toPath: folder.file(name))
            try run(other, in: folder.file(name), resume: .step(3))
            #expect(try Result(folder, name) == whole, "\(schedule)")
        }
    }

    @Test func `a run whose schedule was chosen goes on with it, over the same devices`() throws {
        let folder = try TemporaryFolder()
        var chosen = Self.pipeline(2)
        (chosen.schedule, chosen.partition, chosen.recompute) = (.named(.zeroBubbleH1), .cuts([3]), .stage)
        try run(chosen, in: folder.file("whole"))
        try run(chosen, in: folder.file("run"), until: 3)
        var auto = Self.pipeline(2)
        (auto.schedule, auto.partition) = (.auto, .auto)
        var options = Coordinator.Options(runDirectory: folder.file("run"), resume: .latest)
        let kept = options.keepingChoices(of: auto)
        #expect(kept.schedule == chosen.schedule && kept.partition == .cuts([3]) && kept.recompute == .stage)
        try run(kept, in: folder.file("run"), resume: .latest)
        #expect(try Result(folder, "run") == Result(folder, "whole"))
        var wider = auto
        wider.devices += [.cpu(0)]
        #expect(options.keepingChoices(of: wider).schedule == .auto)
        options.takesWeightsOnly = true
        #expect(options.keepingChoices(of: auto).schedule == .auto)
    }

    @Test func `a run that was ended between its last checkpoint and its weights writes them when it goes on`() throws {
        let folder = try TemporaryFolder()
        try run(Self.pipeline(2), in: folder.file("run"))
        let whole = try Result(folder, "run")
        let report = try folder.text("run/report.json")
        try FileManager.default.removeItem(atPath: folder.file("run/model.safetensors"))
        try run(Self.pipeline(3), in: folder.file("run"), resume: .auto)
        #expect(try Result(folder, "run") == whole)
        #expect(try folder.text("run/report.json") == report)
        #expect(!folder.files.contains { $0.hasSuffix(".partial") })
    }

    @Test func `weights of fewer steps are not taken for those of a run that was ended before it wrote its own`() throws
    {
        let folder = try TemporaryFolder()
        try run(Self.pipeline(2), in: folder.file("whole"))
        let directory = RunDirectory(folder.file("run"))
        var shorter = Self.pipeline(2)
        shorter.steps = 3
        try run(shorter, in: directory.path)
        try FileManager.default.copyItem(atPath: directory.weightsPath, toPath: folder.file("old"))
        try run(Self.pipeline(2), in: directory.path, resume: .auto)
        // As after a kill: the weights are still those of the shorter run, and the run's state says that it goes on.
        try FileManager.default.removeItem(atPath: directory.weightsPath)
        try FileManager.default.moveItem(atPath: folder.file("old"), toPath: directory.weightsPath)
        var live = try LiveStatus.read(directory)
        live.state = .running
        try live.write(to: directory.livePath)
        try run(Self.pipeline(2), in: directory.path, resume: .auto)
        #expect(try Result(folder, "run") == Result(folder, "whole"))
    }

    @Test func `going on with a run that is done changes nothing: its report stays`() throws {
        let folder = try TemporaryFolder()
        try run(Self.pipeline(2), in: folder.file("run"))
        let before = folder.files
        let report = try RunDirectory(folder.file("run")).report(skip: 0).json()
        try run(Self.pipeline(2), in: folder.file("run"), resume: .auto)
        #expect(folder.files == before)
        #expect(try RunDirectory(folder.file("run")).report(skip: 0).json() == report)
    }

    @Test func `half a line of an attempt that was ended while it began does not spoil the next attempt's`() throws {
        let folder = try TemporaryFolder()
        let directory = RunDirectory(folder.file("run"))
        try run(Self.pipeline(2), in: directory.path, until: 3)
        let line = try folder.text("run/attempts.jsonl")
        try folder.write(line + line.prefix(line.count / 2), to: "run/attempts.jsonl")
        try run(Self.pipeline(2), in: directory.path, resume: .auto)
        #expect(AttemptRecord.all(in: directory).map(\.attempt) == [1, 2])
        #expect(try folder.text("run/attempts.jsonl").split(separator: "\n").count == 2)
    }

    @Test func `every damage is found, the file is named, and the checkpoint before is taken`() throws {
        let folder = try TemporaryFolder()
        var pipeline = Self.pipeline(2)
        pipeline.checkpoint = .init(every: .steps(2), keepLast: 9)
        try run(pipeline, in: folder.file("whole"))
        let whole = try Result(folder, "whole")
        var random = SplitMix64(seed: 3)
        let files = folder.files.filter { $0.hasPrefix("whole/steps/00000006/") && !$0.hasSuffix("/optimizer") }
        #expect(files.count == 6)
        for (number, file) in files.enumerated() {
            let name = "damaged-\(number)"
            try FileManager.default.copyItem(atPath: folder.file("whole"), toPath: folder.file(name))
            let path = file.replacing("whole/", with: name + "/")
            var bytes = try folder.bytes(path)
            if number.isMultiple(of: 2) {
                bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
            } else {
                bytes = bytes.prefix(Int(random.next() % UInt64(bytes.count)))
            }
            try folder.write(bytes, to: path)
            #expect {
                try run(pipeline, in: folder.file(name), resume: .step(6))
            } throws: { error in
                "\(error)".contains("--resume 6: that checkpoint is damaged")
                    && "\(error)".contains(path.split(separator: "/").last ?? "?")
            }
            try run(pipeline, in: folder.file(name), resume: .auto)
            #expect(try Result(folder, name) == whole, "\(file)")
            #expect(folder.exists("\(name)/steps/00000006.damaged"))
        }
    }

    @Test func `a change that matters is refused unless it is accepted`() throws {
        let folder = try TemporaryFolder()
        try run(Self.pipeline(2), in: folder.file("run"), until: 3)
        var other = Self.pipeline(2)
        other.clip = 2
        #expect {
            try run(other, in: folder.file("run"), resume: .latest)
        } throws: { "\($0)".contains("clip: 2.0, where the run to go on has 0.5") }
        try run(other, in: folder.file("run"), resume: .latest, accepted: ["clip"])
        #expect(try folder.text("run/metrics.jsonl").split(separator: "\n").count == 6)
        #expect(try folder.text("run/metrics.csv").split(separator: "\n").count == 7)
        #expect(try folder.text("run/attempts.jsonl").split(separator: "\n").count == 2)
    }
}
