import Manifests
import Models
import Partitioning
import Planning
import Runs
import Scheduling
import TestPlans
import TestSupport
import Testing

/// What `schedule: auto` and `partition: auto` stand for.
@Suite struct ScheduleChoiceTests {
    /// No profile is in it.
    private let nowhere = ProfileCache(folder: nil)
    private static let sims = "devices=[sim:0, sim:1]"

    /// Ten layers, of which simulated devices take the embedding and the head in no time.
    private static let model = """
        {layers: [{embedding: {vocab: 256, width: 64}}, {repeat: 8, layers: [{transformer: {width: 64, heads: 2}}]},
        {linear: {in: 64, out: 256}}], loss: cross-entropy}
        """

    private func manifest(_ more: String = "schedule: auto", set overrides: [String] = []) throws -> PipelineManifest {
        try Plans.manifest(model: Self.model, more: more, set: [Self.sims, "batch.microbatches=8"] + overrides)
    }

    private func seconds(_ manifest: PipelineManifest) throws -> Double {
        try #require(try PlanReport(TrainingPlan(manifest), profiles: nowhere).prediction).stepSeconds
    }

    @Test func `no schedule that the search finds is faster than the chosen one`() throws {
        for more in ["", "clip: 1.0", "sim: {gflops: 1}", "sim: {gflops: 1, network: {gbps: 0.1, ms: 2}}"] {
            let plan = try TrainingPlan(manifest("schedule: auto\n" + more))
            let chosen = try seconds(plan.manifest)
            let search = try PlanChoices(manifest("schedule: auto\n" + more), count: 50).choices
            let same = search.filter { $0.micro == 2 && $0.replicas == 1 && $0.recompute == "none" }
            #expect(!same.isEmpty && same.allSatisfy { $0.stepSeconds >= chosen * 0.9999 }, "\(more)")
            let choice = try #require(plan.choice)
            let usual = try seconds(manifest("schedule: 1f1b\npartition: profile\n" + more))
            #expect(abs(try #require(choice.gain) - (usual / chosen - 1)) < 1e-9)
            #expect(choice.schedule == plan.schedule.name && choice.cuts == plan.cuts && choice.recompute == nil)
        }
    }

    /// With `lanes` the number of replicas changes no bit.
    @Test func `with lanes, devices may become replicas`() throws {
        let more = "schedule: auto\nsim: {gflops: 1}\nlanes: 4"
        let plan = try TrainingPlan(manifest(more))
        let choice = try #require(plan.choice)
        #expect(choice.replicas == 2 && plan.manifest.replicas == 2 && plan.cuts == [] && choice.schedule == "1f1b")
        #expect(plan.manifest.batch.global == 16 && plan.manifest.batch.microBatches == 4 && plan.manifest.lanes == 4)
        #expect(choice.text.hasPrefix("schedule auto: 2 replicas, 1f1b, predicted to be "))
        let one = try TrainingPlan(manifest("schedule: auto\nsim: {gflops: 1}"))
        #expect(one.choice?.replicas == nil && one.manifest.replicas == 1)
        #expect(try seconds(plan.manifest) < seconds(one.manifest))
        // What is written stays, and so does what does not fit otherwise.
        let written = try TrainingPlan(manifest(more + "\nreplicas: 1"))
        #expect(written.choice?.replicas == nil && written.manifest.replicas == 1)
        let limit = one.placement.ranks.map { one.memory(ofRank: $0) }.max() ?? 0
        let whole = plan.placement.ranks.map { plan.memory(ofRank: $0) }.max() ?? 0
        if limit < whole - (1 << 20) {
            let short = try TrainingPlan(manifest(more, set: ["memory=\(whole - 1)B"]))
            #expect(short.manifest.replicas == 1)
        }
        #expect(plan.undecided.replicas == 1 && plan.undecided.batch.microBatches == 8)
    }

    @Test func `every worker has the choice from the manifest`() throws {
        let plan = try TrainingPlan(manifest())
        #expect(plan.isPlanned && plan.choice?.virtual == plan.manifest.virtual)
        let resolved = try PipelineManifest.decode(yaml: plan.manifest.resolvedYAML(), file: "run/pipeline.yaml")
        #expect(resolved.schedule == .named(try #require(ScheduleName(rawValue: plan.schedule.name))))
        #expect(resolved.partition == .cuts(plan.cuts) && resolved.virtual == plan.manifest.virtual)
        let worker = try TrainingPlan(resolved)
        #expect(worker.cuts == plan.cuts && worker.schedule == plan.schedule && worker.choice == nil)
    }

    @Test func `a plan and a run say what was chosen and what it brings`() throws {
        let plan = try TrainingPlan(manifest("schedule: auto\nsim: {gflops: 1}"))
        let choice = try #require(plan.choice)
        let gain = try #require(choice.gain)
        #expect(gain > 0.01)
        let cuts = plan.cuts.map(\.description).joined(separator: " ")
        let text =
            "schedule auto: \(choice.schedule), cuts \(cuts), predicted to be \(gain.percentText) faster than 1f1b"
        #expect(choice.text == text)
        #expect(try PlanReport(plan).text().contains("\n\(text)\n"))
        var other = choice
        (other.gain, other.recompute) = (nil, "stage")
        #expect(
            other.text
                == "schedule auto: \(choice.schedule), cuts \(cuts), recompute: stage, so that it fits "
                + "memory, as 1f1b does not fit memory")
        (other.gain, other.recompute) = (0, nil)
        #expect(other.text.hasSuffix("cuts \(cuts), which no other is predicted to outrun"))
    }

    @Test func `activations are computed again only where nothing else fits`() throws {
        let more = "schedule: auto\nsim: {gflops: 1}"
        let large = ["batch.micro=64", "data.sequence=128"]
        let free = try TrainingPlan(manifest(more, set: large))
        #expect(free.manifest.recompute == .none)
        // Less than any schedule takes that keeps its activations.
        let least = "schedule: 1f1b\npartition: profile\nrecompute: stage\nsim: {gflops: 1}"
        let again = try TrainingPlan(manifest(least, set: large))
        let limit = again.placement.ranks.map { again.memory(ofRank: $0) }.max() ?? 0
        let short = try TrainingPlan(manifest(more, set: large + ["memory=\(limit)B"]))
        #expect(short.manifest.recompute != .none && short.choice?.recompute == short.manifest.recompute.text)
        #expect(try seconds(short.manifest) <= seconds(again.manifest) && short.choice?.delay ?? -1 >= 0)
        #expect(short.placement.ranks.allSatisfy { short.memory(ofRank: $0) <= limit })
        // Who wrote it meant it.
        let said = message { try TrainingPlan(manifest(more + "\nrecompute: none", set: large + ["memory=\(limit)B"])) }
        #expect(said.contains("more than its limit of"), "\(said)")
        let none = message { try TrainingPlan(manifest(more, set: large + ["memory=47MiB"])) }
        #expect(none.contains("more than its limit of 47.0 MiB"), "\(none)")
    }

    @Test(arguments: ["[sim:0, sim:1]", "[sim:0]"])
    func `no more layers are computed again than memory asks for`(_ devices: String) throws {
        let more = "schedule: auto\nsim: {gflops: 1}"
        let large = ["batch.micro=64", "data.sequence=128", "devices=\(devices)"]
        func most(_ plan: TrainingPlan) -> Int { plan.placement.ranks.map { plan.memory(ofRank: $0) }.max() ?? 0 }
        let free = try TrainingPlan(manifest("schedule: 1f1b\npartition: profile\nsim: {gflops: 1}", set: large))
        let plan = try TrainingPlan(manifest(more, set: large + ["memory=\(most(free) - 1)B"]))
        guard case .layers(let layers) = plan.manifest.recompute else {
            // Another schedule takes less.
            #expect(plan.manifest.recompute == .none && most(plan) < most(free) && devices != "[sim:0]")
            return
        }
        #expect(!layers.isEmpty && most(plan) < most(free))
        for layer in layers {
            var manifest = plan.manifest
            manifest.recompute = .layers(layers.filter { $0 != layer })
            #expect(throws: RunFailure.self) { try TrainingPlan(manifest).checkMemoryLimits() }
        }
        let resolved = try PipelineManifest.decode(yaml: plan.manifest.resolvedYAML(), file: "run/pipeline.yaml")
        #expect(resolved.recompute == plan.manifest.recompute)
    }

    @Test func `cuts that are written stay, and the schedule is chosen for them`() throws {
        let plan = try TrainingPlan(manifest("schedule: auto\npartition: {cuts: [2, 5, 7]}"))
        #expect(plan.cuts == [2, 5, 7] && plan.choice?.virtual == 2 && !plan.isPlanned)
        let even = try TrainingPlan(manifest("schedule: auto\npartition: uniform"))
        let named = try TrainingPlan(manifest("schedule: \(even.schedule.name)\npartition: uniform"))
        #expect(even.cuts == named.cuts && even.manifest.partition == .uniform)
        #expect(
            message { try TrainingPlan(manifest("schedule: auto\npartition: {cuts: [2, 5]}")) }
                == "p/tiny.yaml:8:12: 3 stages for 2 devices; expected one for each of them, or a multiple")
    }

    /// Stages of two, three, two and three layers: as they are named, schedules order equal ones.
    @Test func `an order is fitted to stages that differ, and every worker has it from the manifest`() throws {
        let plan = try TrainingPlan(manifest("schedule: auto\npartition: {cuts: [2, 5, 7]}"))
        let base = try #require(Schedule.name(ofFitted: plan.schedule.name))
        let (choice, named) = (
            try #require(plan.choice),
            try manifest("schedule: \(base.rawValue)\npartition: {cuts: [2, 5, 7]}")
        )
        #expect(
            choice.schedule == plan.schedule.name
                && choice.text.hasPrefix("schedule auto: \(base.rawValue), fitted, cuts 2 5 7"))
        #expect(try seconds(plan.manifest) < seconds(named) * 0.998)
        let most = try TrainingPlan(named)
        #expect(
            (0..<2).allSatisfy { plan.memory(ofRank: $0) <= (0..<2).map { most.memory(ofRank: $0) }.max() ?? 0 })
        let resolved = try PipelineManifest.decode(yaml: plan.manifest.resolvedYAML(), file: "run/pipeline.yaml")
        let worker = try TrainingPlan(resolved)
        #expect(worker.schedule == plan.schedule && worker.cuts == plan.cuts)
        // What is left of the devices has other stages.
        let left = try #require(try worker.without([1]))
        #expect(left.schedule.name == base.rawValue && left.schedule.rankCount == 1)
        #expect(plan.undecided.schedule == .auto)
    }

    @Test func `where nothing was measured it says which command measures`() throws {
        let cpus = "devices=[cpu:0, cpu:1]"
        let manifest = try manifest(set: [cpus])
        #expect(
            message { try TrainingPlan(manifest, profiles: nowhere) }
                == "p/tiny.yaml:7:11: schedule: auto, but there is no profile of this model on this machine; "
                + "`echelon profile p/tiny.yaml`, with the same --set options, measures one, and so does `echelon train`"
        )
        // The same cuts as by FLOPs then.
        let usual = try TrainingPlan(self.manifest("partition: auto", set: [cpus]), profiles: nowhere)
        #expect(try usual.cuts == TrainingPlan(self.manifest("partition: flops", set: [cpus])).cuts && !usual.isPlanned)
        #expect(usual.manifest.partition == .flops && usual.choice == nil)
        let simulated = try TrainingPlan(self.manifest("partition: auto"))
        #expect(simulated.isPlanned && simulated.manifest.partition == .cuts(simulated.cuts))
    }

    @Test func `one stage needs no profile, and workers that share a device are not predicted`() throws {
        let one = try TrainingPlan(manifest(set: ["devices=[cpu:0]"]), profiles: nowhere)
        #expect(one.schedule.name == "1f1b" && one.cuts.isEmpty)
        #expect(one.choice?.text == "schedule auto: 1f1b, as one stage waits for no other")
        #expect(one.manifest.resolvedYAML().contains("\npartition: {cuts: []}\nschedule: 1f1b\n"))
        let shared = message { try TrainingPlan(manifest(set: ["devices=[cpu:0, cpu:0]"]), profiles: nowhere) }
        #expect(shared.hasPrefix("p/tiny.yaml:7:11: schedule: auto: cpu:0 has several workers"), "\(shared)")
    }

    @Test func `replicas share the limits of their place`() throws {
        let four = ["devices=[sim:0, sim:1, sim:2, sim:3]", "replicas=2", "batch.microbatches=4"]
        let free = try TrainingPlan(manifest(set: four))
        let most = free.placement.ranks.map { free.memory(ofRank: $0) }.max() ?? 0
        let limited = try TrainingPlan(manifest(set: four + ["memory=\(most)B"]))
        #expect(limited.cuts == free.cuts && limited.schedule == free.schedule)
        let short = message { try TrainingPlan(manifest(set: four + ["memory=[1GiB, 1GiB, 46MiB, 46MiB]"])) }
        #expect(short.contains("device sim:2 (rank 2) needs "), "\(short)")
    }
}
