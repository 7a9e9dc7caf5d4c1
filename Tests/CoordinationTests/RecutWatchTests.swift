import Coordination
import Manifests
import Partitioning
import Planning
import TestPlans
import Testing

/// When layers move, and where to.
@Suite struct RecutWatchTests {
    /// Twelve equal layers on three simulated devices.
    private func plan() throws -> TrainingPlan {
        try Plans.make(
            model: "{layers: [{embedding: {vocab: 256, width: 8}}, {repeat: 10, layers: [{linear: {in: 8, out: 8}}]}, "
                + "{linear: {in: 8, out: 256}}], loss: cross-entropy}",
            devices: "[sim:0, sim:1, sim:2]", more: "recut: {after: 4}", set: ["partition={cuts: [4, 8]}"])
    }

    private func cuts(_ watch: inout RecutWatch, _ busy: [Double], steps: Int) -> [Int]? {
        var found: [Int]?
        for _ in 0..<steps { if let cuts = watch.add(busy: busy) { found = cuts } }
        return found
    }

    @Test func `a device that becomes slower gives layers to its neighbours once it has been so for long enough`()
        throws
    {
        var watch = try #require(RecutWatch(try plan()))
        #expect(cuts(&watch, [4, 4, 4], steps: 20) == nil)
        #expect(cuts(&watch, [4, 8, 4], steps: 3) == nil)
        // One that is quicker again was busy with something else.
        #expect(cuts(&watch, [4, 4, 4], steps: 1) == nil)
        #expect(cuts(&watch, [4, 8, 4], steps: 3) == nil)
        // Five, two times two, five.
        #expect(cuts(&watch, [4, 8, 4], steps: 1) == [5, 7])
    }

    @Test func `noise moves nothing, nor does what gains nothing`() throws {
        var watch = try #require(RecutWatch(try plan()))
        #expect(cuts(&watch, [4, 4, 4], steps: 6) == nil)
        #expect(cuts(&watch, [4, 4.5, 4], steps: 20) == nil)
        #expect(cuts(&watch, [4, 4.7, 4], steps: 20) == nil)
    }

    @Test func `they come back once the device is as it was`() throws {
        let plan = try plan()
        var watch = try #require(RecutWatch(plan))
        #expect(cuts(&watch, [4, 4, 4], steps: 6) == nil)
        #expect(cuts(&watch, [4, 8, 4], steps: 4) == [5, 7])
        var manifest = plan.manifest
        manifest.partition = .cuts([5, 7])
        watch.begin(try TrainingPlan(manifest))
        #expect(cuts(&watch, [5, 4, 5], steps: 20) == nil)
        #expect(cuts(&watch, [5, 2, 5], steps: 4) == [4, 8])
    }

    /// A layer's state passes one link: it goes to the next stage, and further the next time.
    @Test func `what is too far away for one move takes two`() throws {
        let plan = try plan()
        var watch = try #require(RecutWatch(plan))
        #expect(cuts(&watch, [4, 4, 4], steps: 6) == nil)
        let first = try #require(cuts(&watch, [40, 4, 4], steps: 4))
        #expect(first[0] == 1 && first[1] <= 8)
    }

    @Test func `without the key nothing is watched`() throws { #expect(RecutWatch(try Plans.make()) == nil) }
}
