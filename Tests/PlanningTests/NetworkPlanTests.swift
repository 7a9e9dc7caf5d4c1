import Manifests
import Planning
import Scheduling
import Tensors
import TestPlans
import Testing

/// What hosts and the links between them change in a plan.
@Suite struct NetworkPlanTests {
    private static let model = """
        {layers: [{embedding: {vocab: 256, width: 64}}, {repeat: 10, layers: [{linear: {in: 64, out: 64}}]},
        {linear: {in: 64, out: 256}}], loss: cross-entropy}
        """

    private func manifest(
        _ hosts: [String], _ more: String = "", set overrides: [String] = []
    ) throws -> PipelineManifest {
        let devices = hosts.indices.map { "sim:\($0)" }.joined(separator: ", ")
        var manifest = try Plans.manifest(
            model: Self.model, devices: "[\(devices)]", more: "partition: profile\nclip: 1\n\(more)", set: overrides)
        manifest.hosts = hosts.map { $0 == "localhost" ? "" : $0 }
        return manifest
    }

    private func seconds(_ manifest: PipelineManifest) throws -> Double {
        try #require(try TrainingPlan(manifest).prediction()).stepSeconds
    }

    private func spec(of plan: TrainingPlan) throws -> TensorSpec {
        try #require(plan.tensors(ofEdge: 0, .forward).first)
    }

    private let links =
        "links: {gbps: 1, ms: 5, between: [{hosts: [localhost, c], gbps: 1, ms: 40}, {hosts: [b, d], gbps: 1, ms: 50}]}"

    @Test func `workers on one host are as near as if nobody had named links`() throws {
        let one = try manifest(["localhost", "localhost", "localhost"], links)
        #expect(try seconds(one) == seconds(try manifest(["localhost", "localhost", "localhost"])))
        #expect(try TrainingPlan(one).hostOrder() == nil)
    }

    /// One boundary of GPipe between hosts: a message there and one back lie over nothing. The last word is that of the worker
    /// beside the coordinator, and the others begin their next step later than the answer takes.
    @Test func `a step takes longer by what its messages and words take`() throws {
        let cuts = ["partition={cuts: [4, 8]}", "schedule=gpipe"]
        let free = try seconds(try manifest(["localhost", "localhost", "localhost"], links, set: cuts))
        let far = try seconds(try manifest(["localhost", "b", "b"], links, set: cuts))
        let bytes = Double(2 * 4 * 64 * 4) / 1.25e8
        #expect(abs(far - free - 2 * (0.005 + bytes)) < 1e-9)
        // By int8, a quarter of the bytes and a scale for each row.
        let small = try TrainingPlan(try manifest(["localhost", "b", "b"], links + "\ncompress: int8", set: cuts))
        #expect(small.payload(ofEdge: 0, try #require(small.tensors(ofEdge: 0, .forward).first)) == 2 * 4 * (64 + 4))
        #expect(try seconds(small.manifest) < far)
    }

    /// Of four hosts on a ring with two slow chords: whatever the order given, no slow link is crossed.
    @Test(arguments: [["localhost", "c", "b", "d"], ["b", "d", "localhost", "c"], ["c", "localhost", "d", "b"]])
    func `hosts are ordered so that slow links are not crossed`(given: [String]) throws {
        let manifest = try manifest(given, links)
        let order = try #require(try TrainingPlan(manifest).hostOrder())
        let names = order.hosts.map { $0 == "" ? "localhost" : $0 }
        #expect(Set(names) == Set(given) && order.seconds.now < order.seconds.before)
        for pair in zip(names, names.dropFirst()) {
            #expect(Set([pair.0, pair.1]) != ["localhost", "c"] && Set([pair.0, pair.1]) != ["b", "d"], "\(names)")
        }
        let ordered = order.applied(to: manifest)
        #expect(ordered.hosts == order.hosts && Set(ordered.devices) == Set(manifest.devices))
        #expect(try seconds(ordered) < seconds(manifest))
        #expect(try TrainingPlan(ordered).hostOrder() == nil)
    }

    @Test func `hosts with several devices stay whole, and limits of memory go with their devices`() throws {
        let given = ["localhost", "localhost", "c", "c", "b", "b"]
        let manifest = try manifest(given, links, set: ["memory=[1GiB, 2GiB, 3GiB, 4GiB, 5GiB, 6GiB]"])
        let order = try #require(try TrainingPlan(manifest).hostOrder())
        #expect(order.hosts == ["", "b", "c"] || order.hosts == ["c", "b", ""])
        let ordered = order.applied(to: manifest)
        for (device, bytes) in zip(ordered.devices, ordered.memory ?? []) {
            #expect(bytes == (device.cores.lowerBound + 1) << 30)
        }
    }

    @Test func `only links between hosts are compressed where that is said, and none that carry nothing`() throws {
        let chosen = "compress: {to: int8, links: hosts}"
        let plan = try TrainingPlan(try manifest(["localhost", "localhost", "b"], chosen))
        // Between the first and the last no tensor passes.
        #expect(plan.manifest.compress?.links == .pairs([1...2]))
        // As workers, reports and `generate` read it, who know no hosts.
        let again = try PipelineManifest.decode(yaml: plan.manifest.resolvedYAML(), file: "run/pipeline.yaml")
        #expect(try TrainingPlan(again).compression(ofEdge: 1, spec(of: plan)) == .int8)
        let spec = try spec(of: plan)
        #expect(plan.compression(ofEdge: 0, spec) == nil && plan.compression(ofEdge: 1, spec) == .int8)
        #expect(plan.compression(ofEdge: try #require(plan.targetsEdge), plan.tensors(ofEdge: 2, .forward)[0]) == nil)
        let idle = try manifest(["localhost", "localhost", "localhost"], "compress: {to: int8, links: [[0, 2]]}")
        #expect(message { try TrainingPlan(idle) }.contains("no message passes between places 0 and 2"))
    }

    /// What is derived from a pipeline, a profile's or a run's over fewer devices, is read again by other processes.
    @Test func `with one stage, or fewer than there were, what compresses is still a pipeline`() throws {
        for form in ["int8", "{to: int8, links: [[0, 1], [1, 2]]}"] {
            let devices = "[cpu:0, cpu:1, cpu:2]"
            let whole = try Plans.make(devices: devices, more: "compress: \(form)").manifest.whole(on: .cpu(0))
            let yaml = whole.resolvedYAML()
            #expect(try PipelineManifest.decode(yaml: yaml, file: "whole.yaml").compress == nil)
            let elastic = "compress: \(form)\nelastic: true\ncheckpoint: {every: 2}"
            let plan = try Plans.make(devices: devices, more: elastic)
            for lost in [Set([2]), Set([1, 2])] {
                let left = try #require(try plan.without(lost))
                let yaml = left.manifest.resolvedYAML()
                let read = try TrainingPlan(PipelineManifest.decode(yaml: yaml, file: "left.yaml"))
                #expect(read.manifest.compress == (lost.count == 1 ? .init(.int8) : nil))
            }
        }
    }
}
