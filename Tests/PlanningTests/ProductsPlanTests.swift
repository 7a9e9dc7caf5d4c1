import Manifests
import Models
import Planning
import Tensors
import TestPlans
import TestSupport
import Testing

/// Which products a model has, and what is known of them.
@Suite struct ProductsPlanTests {
    private let folder: TemporaryFolder
    private let profiles: ProfileCache

    init() throws {
        folder = try TemporaryFolder()
        profiles = ProfileCache(folder: folder.file("cache/profiles"))
    }

    private static let model = """
        {layers: [{embedding: {vocab: 256, width: 8}}, {repeat: 3, layers: [{linear: {in: 8, out: 16}},
        {linear: {in: 16, out: 8, bias: false}}]}, {linear: {in: 8, out: 256}}], loss: cross-entropy}
        """

    private func plan(_ devices: String = "[cpu:0, cpu:1]", more: String = "products: tuned") throws -> TrainingPlan {
        try TrainingPlan(Plans.manifest(model: Self.model, devices: devices, more: more), profiles: profiles)
    }

    @Test func `each matrix has three, each size once, and a bias where one is added`() throws {
        let contests = try plan().productContests
        #expect(
            contests.map { "\($0.key)\($0.hasBias ? " bias" : "")" } == [
                "f32 8x8x16 nt", "f32 8x16x8 nt bias", "f32 8x256x8 nt bias",
                "f32 8x8x16 nn", "f32 8x8x256 nn", "f32 8x16x8 nn",
                "f32 8x16x8 tn", "f32 16x8x8 tn", "f32 256x8x8 tn",
            ])
    }

    @Test func `cuts, schedule and recomputation change none of them`() throws {
        let expected = try plan("[cpu:0]").productContests
        for more in ["schedule: zb-h1", "partition: {cuts: [3]}", "recompute: stage", "replicas: 2"] {
            #expect(try plan("[cpu:0, cpu:1]", more: "products: tuned\n" + more).productContests == expected, "\(more)")
        }
    }

    @Test func `what was raced is the plan's table, and what was not is counted`() throws {
        let unknown = try plan()
        #expect(unknown.unracedProducts == 9 && unknown.manifest.products == .table(ProductTable()))
        let contests = unknown.productContests
        let machine = unknown.manifest.productMachine
        let results = contests.enumerated().map { index, contest in
            ProductResult(contest, library: index == 4 ? .oneDNNSGEMM : nil, gain: index == 4 ? 1.3 : 1)
        }
        _ = try profiles.products.keep(results, for: machine)
        for devices in ["[cpu:0]", "[cpu:0, cpu:1]", "[cpu:0, cpu:1, cpu:0, cpu:1]"] {
            let known = try plan(devices)
            #expect(known.unracedProducts == 0)
            #expect(known.manifest.resolvedYAML().contains("\nproducts: [\"f32 8x8x256 nn onednn-sgemm\"]\n"))
        }
        let report = try PlanReport(plan(), profiles: profiles)
        #expect(report.products == ["f32 8x8x256 nn onednn-sgemm"] && report.unracedProducts == 0)
    }

    @Test func `devices with other numbers of threads are another machine`() throws {
        let one = try plan().manifest.productMachine
        #expect(try plan("[cpu:0-1, cpu:2-3]").manifest.productMachine != one)
        #expect(try plan("[cpu:0]").manifest.productMachine == one)
    }

    @Test func `what was raced once stays as it is, and a damaged file is none`() throws {
        let contest = try #require(try plan().productContests.first)
        let cache = profiles.products
        let path = try cache.keep([ProductResult(contest, library: .openBLAS, gain: 1.1)], for: "m")
        _ = try cache.keep([ProductResult(contest, library: .oneDNN, gain: 1.2)], for: "m")
        #expect(cache.results(for: "m").map(\.library) == ["openblas"])
        #expect(cache.results(for: "other").isEmpty)
        try folder.write("{", to: path.replacing(folder.path + "/", with: ""))
        #expect(cache.results(for: "m").isEmpty)
    }

    @Test func `a profile holds for the table that it was measured with`() throws {
        let usual = try Plans.manifest(model: Self.model)
        let table = try Plans.manifest(model: Self.model, more: "products: [\"f32 8x8x256 nn onednn\"]")
        let empty = try Plans.manifest(model: Self.model, more: "products: []")
        #expect(ProfileKey(usual) != ProfileKey(table))
        #expect(ProfileKey(usual) == ProfileKey(empty))
    }
}
