import Foundation
import Manifests
import Models
import Partitioning
import Planning
import Scheduling
import TestPlans
import TestSupport
import Testing

/// What is planned and predicted from what layers cost.
@Suite struct ProfilePlanTests {
    private let folder: TemporaryFolder
    private let cache: ProfileCache

    init() throws {
        folder = try TemporaryFolder()
        cache = ProfileCache(folder: folder.file("cache"))
    }

    /// Eight layers beside an embedding, of which the last four take three times as long.
    private static let model = """
        {layers: [{embedding: {vocab: 256, width: 8}}, {repeat: 8, layers: [{linear: {in: 8, out: 8}}]},
        {linear: {in: 8, out: 256}}], loss: cross-entropy}
        """

    private func manifest(more: String = "", set overrides: [String] = []) throws -> PipelineManifest {
        try Plans.manifest(model: Self.model, more: more, set: overrides)
    }

    private func profile(
        for manifest: PipelineManifest, spread: Double = 0.02, seconds: (Int) -> Double = { $0 > 5 ? 0.03 : 0.01 }
    ) -> LayerProfile {
        LayerProfile(
            key: ProfileKey(manifest), measuredAt: "2026-01-02T03:04:05Z", devices: ["cpu:0", "cpu:1"],
            precision: "f32", peak: 1e9,
            layers: (0..<10).map { index in
                LayerProfile.Line(
                    name: "\(index)", kind: "linear", forward: seconds(index), backwardInput: seconds(index),
                    backwardWeight: seconds(index), inputApart: seconds(index), weightApart: seconds(index),
                    update: 0.001, flops: 1, parameters: 1, keptBytes: 1, outputBytes: 1)
            }, link: LayerProfile.Link(latency: 0.001, bytesPerSecond: 1e9), barrier: 0.002, spread: spread)
    }

    @Test func `a profile is kept for its machine and model alone`() throws {
        let manifest = try manifest()
        let path = try cache.keep(profile(for: manifest))
        #expect(path.hasPrefix(folder.path) && folder.files.contains { $0.hasSuffix(".json") })
        let found = try #require(cache.profile(for: ProfileKey(manifest)))
        #expect(found.layers.map(\.forward) == profile(for: manifest).layers.map(\.forward))
        #expect(found.link?.bytesPerSecond == 1e9 && found.key == ProfileKey(manifest))
        // Neither where it runs in a pipeline nor how often changes what a layer takes.
        for same in ["schedule=gpipe", "batch.microbatches=8", "steps=9", "seed=4", "recompute=stage"] {
            #expect(cache.profile(for: ProfileKey(try self.manifest(set: [same]))) != nil, "\(same)")
        }
        for other in [
            "batch.micro=4", "data.sequence=8", "precision=bf16", "devices=[cpu:0]",
            "model.layers.0.embedding.vocab=300",
            "optimizer=sgd",
        ] {
            #expect(cache.profile(for: ProfileKey(try self.manifest(set: [other]))) == nil, "\(other)")
        }
        // No measurement gives these: somebody changed the file.
        for seconds in [1e300, -1] {
            _ = try cache.keep(profile(for: manifest) { _ in seconds })
            #expect(cache.profile(for: ProfileKey(manifest)) == nil)
        }
        try Data("{".utf8).write(to: URL(filePath: path))
        #expect(cache.profile(for: ProfileKey(manifest)) == nil)
    }

    @Test func `a missing profile says which command measures one`() throws {
        let manifest = try manifest(more: "partition: profile")
        #expect(
            message { try TrainingPlan(manifest, profiles: cache) }
                == "p/tiny.yaml:7:12: partition: profile, but there is no profile of this model on this machine; "
                + "`echelon profile p/tiny.yaml`, with the same --set options, measures one")
        let report = try PlanReport(TrainingPlan(self.manifest()), profiles: cache)
        #expect(report.prediction == nil && report.text().contains("Step: not predicted: no profile of this model"))
    }

    @Test func `cuts follow what layers take, and every worker has them from the manifest`() throws {
        let manifest = try manifest(more: "partition: profile")
        _ = try cache.keep(profile(for: manifest))
        let plan = try TrainingPlan(manifest, profiles: cache)
        // 6 × 10 + 30 and 3 × 30 of 180 ms.
        #expect(plan.cuts == [7] && plan.isPlanned)
        #expect(try TrainingPlan(self.manifest()).cuts == [9])
        let resolved = try PipelineManifest.decode(yaml: plan.manifest.resolvedYAML(), file: "run/pipeline.yaml")
        #expect(resolved.partition == .cuts([7]))
        let worker = try TrainingPlan(resolved, profiles: ProfileCache(folder: nil))
        #expect(worker.cuts == [7] && !worker.isPlanned)
    }

    @Test func `a step is predicted with transfers, updates and the barrier`() throws {
        let manifest = try manifest(more: "partition: {cuts: [7]}\nclip: 1.0")
        _ = try cache.keep(profile(for: manifest))
        let prediction = try #require(try PlanReport(TrainingPlan(manifest), profiles: cache).prediction)
        // Each stage takes 90 ms forward and 180 ms back; a round trip of 256 bytes shows in every other micro-batch.
        let link = 0.001 + 256 / 1e9
        let step = 5 * 0.27 + 4 * link + 0.007 + 0.002
        #expect(abs(prediction.stepSeconds - step) < 1e-6, "\(prediction.stepSeconds), not \(step)")
        #expect(abs(prediction.tokensPerSecond - 32 / step) < 1e-3)
        #expect(prediction.source == "profile of 2026-01-02T03:04:05Z")
    }

    @Test func `cuts are written in full where they are few`() {
        #expect(PlanChoices.text(cuts: []) == "")
        #expect(PlanChoices.text(cuts: (1...8).map { Cut(layer: $0) }) == "1 2 3 4 5 6 7 8")
        #expect(PlanChoices.text(cuts: (1...9).map { Cut(layer: $0) }) == "1 2 3 4 … 9")
    }

    @Test func `a plan says how fast other cuts could be`() throws {
        let manifest = try manifest(more: "partition: profile")
        _ = try cache.keep(profile(for: manifest))
        let best = try PlanReport(TrainingPlan(manifest, profiles: cache), profiles: cache)
        #expect(best.text().contains("; it decided the cuts; no cuts take less\n"))
        let other = try PlanReport(TrainingPlan(self.manifest(more: "partition: {cuts: [9]}")), profiles: cache)
        let least = try #require(other.leastStepSeconds)
        #expect(abs(least - (best.prediction?.stepSeconds ?? 0)) < 1e-6)
        #expect(other.text().contains("; no cuts take less than 1.36 s\n"))
    }

    @Test func `a profile of a restless machine says so wherever it is used`() throws {
        let manifest = try manifest()
        let (quiet, restless) = (profile(for: manifest), profile(for: manifest, spread: 0.12))
        #expect(quiet.text().contains("; half of the rounds within 2.0 %\n"))
        #expect(!quiet.text().contains("not quiet") && restless.text().contains("The machine was not quiet"))
        _ = try cache.keep(restless)
        let prediction = try #require(try PlanReport(TrainingPlan(manifest), profiles: cache).prediction)
        #expect(prediction.source == "profile of 2026-01-02T03:04:05Z, whose rounds differ by 12.0 %")
    }

    @Test func `simulated devices need no profile`() throws {
        let manifest = try manifest(
            more: "partition: {cuts: [5]}\nsim: {layer_ms: 10}", set: ["devices=[sim:0, sim:1]"])
        let prediction = try #require(try PlanReport(TrainingPlan(manifest), profiles: cache).prediction)
        #expect(abs(prediction.stepSeconds - 5 * 0.15) < 1e-9)
        #expect(abs(prediction.bubbleFraction - 0.2) < 1e-9)
    }

    @Test func `a plan that takes more than its limit is refused with what is missing`() throws {
        let free = try TrainingPlan(manifest(more: "partition: {cuts: [2]}"))
        let needed = (0..<2).map(free.memory(ofRank:))
        let fits = try TrainingPlan(
            manifest(more: "partition: {cuts: [2]}\nmemory: [\(needed[0])B, \(needed[1])B]"))
        #expect(message { try fits.checkMemoryLimits() }.isEmpty)
        let short = try TrainingPlan(
            manifest(more: "partition: {cuts: [2]}\nmemory: [1GiB, \(needed[1] - 2048)B]"))
        let text = message { try short.checkMemoryLimits() }
        #expect(text.hasPrefix("p/tiny.yaml:8:9: device cpu:1 (rank 1) needs "), "\(text)")
        #expect(
            text.contains("2.0 KiB more than its limit of ")
                && text.hasSuffix("partition: profile cuts as memory allows"))
        let report = try PlanReport(short, profiles: cache)
        #expect(report.memory.map(\.bytes) == needed && report.text().contains("2.0 KiB"))
        // A rank's memory is that of its stages and of one process.
        #expect(report.stages.map(\.totalBytes) == needed)
    }

    @Test func `a partition by profile keeps to the limits, counted as a plan counts`() throws {
        let base = try manifest(more: "partition: profile")
        _ = try cache.keep(profile(for: base))
        let free = try TrainingPlan(base, profiles: cache)
        let most = free.memory(ofRank: 0)
        // One layer less has to fit the first device.
        let tight = try manifest(more: "partition: profile\nmemory: [\(most - 1)B, 1GiB]")
        let plan = try TrainingPlan(tight, profiles: cache)
        #expect(plan.cuts == [6] && plan.memory(ofRank: 0) < most)
        #expect(message { try plan.checkMemoryLimits() }.isEmpty)
        let hopeless = try manifest(
            more: "partition: profile\nmemory: 35MiB", set: ["model.layers.0.embedding.vocab=99999"])
        _ = try cache.keep(profile(for: hopeless))
        let text = message { try TrainingPlan(hopeless, profiles: cache) }
        #expect(text.hasPrefix("p/tiny.yaml:8:9: 1f1b: device cpu:0 (rank 0) needs "), "\(text)")
        #expect(text.contains("more than its limit of 35.0 MiB"))
    }

    @Test func `the search tries what keeps the global batch and fits, and says how to select it`() throws {
        let manifest = try manifest(set: ["batch.micro=2", "batch.microbatches=4"])
        _ = try cache.keep(profile(for: manifest))
        let choices = try PlanChoices(manifest, profiles: cache)
        #expect(choices.globalBatch == 8 && choices.choices.count == 5 && choices.unmeasured == [1, 4, 8])
        #expect(choices.choices.allSatisfy { $0.micro == 2 && $0.microBatches * $0.replicas == 4 })
        let best = choices.choices[0]
        #expect(best.tokensPerSecond == choices.choices.map(\.tokensPerSecond).max())
        // What it selects is what it predicted.
        for choice in choices.choices {
            let selected = try self.manifest(set: ["batch.micro=2", "batch.microbatches=4"] + choice.options)
            let plan = try TrainingPlan(selected, profiles: cache)
            #expect(plan.cuts == choice.cuts && plan.schedule.name == choice.schedule)
            #expect(try PlanReport(plan, profiles: cache).prediction?.stepSeconds == choice.stepSeconds)
            #expect(plan.placement.ranks(ofReplica: 0).map(plan.memory(ofRank:)) == choice.memoryBytes)
            #expect(plan.manifest.replicas == choice.replicas)
        }
        // Micro-batches of four that take no longer than those of two are twice as fast, but for the bubble.
        let larger = try self.manifest(set: ["batch.micro=4", "batch.microbatches=2"])
        _ = try cache.keep(profile(for: larger))
        let more = try PlanChoices(manifest, profiles: cache)
        #expect(more.unmeasured == [1, 8] && more.choices[0].micro == 4)
        // Over two stages, or by two replicas.
        let count = 2 / more.choices[0].replicas
        #expect(more.choices[0].options.contains("batch.microbatches=\(count)"))
        #expect(more.text().contains("--set batch.micro=4 --set batch.microbatches=\(count)"))
        #expect(message { try PlanChoices(manifest, profiles: ProfileCache(folder: nil)) }.contains("no profile"))
    }

    @Test func `where memory is short the search recomputes`() throws {
        let manifest = try manifest(set: ["batch.micro=64", "data.sequence=128"])
        _ = try cache.keep(profile(for: manifest))
        let all = try PlanChoices(manifest, profiles: cache)
        #expect(all.choices.allSatisfy { $0.recompute == "none" })
        let least = try PlanChoices(manifest, count: 100, profiles: cache).choices.filter { $0.recompute == "none" }
            .compactMap { $0.memoryBytes.max() }.min()
        var limited = manifest
        limited.memory = [Int](repeating: try #require(least) - 1, count: 2)
        let short = try PlanChoices(limited, profiles: cache)
        #expect(!short.choices.isEmpty)
        #expect(short.choices.allSatisfy { $0.recompute == "stage" || $0.memoryBytes.allSatisfy { $0 < least! } })
        #expect(short.choices.contains { $0.recompute == "stage" })
    }
}
