import Planning
import Scheduling
import TestPlans
import Testing
import Transport
import Workers

/// The links that a rank's endpoint declares.
@Suite struct LinkDeclarationTests {
    @Test func `a link has room for its deepest queue of its largest message, frame by frame`() throws {
        let plan = try Plans.make(
            model: Plans.portal, devices: "[cpu:0, cpu:1, cpu:2]", more: "partition: {cuts: [2, 4]}")
        let all = Set((0..<3).flatMap { MessagePort.links(of: $0, plan) })
        #expect(all.count == plan.lowered.links.count)
        for rank in 0..<3 {
            #expect(MessagePort.links(of: rank, plan).allSatisfy { $0.source == rank || $0.destination == rank })
        }
        // x and its gradient: f32[2 × 4 × 8]; targets: i32[2 × 4] and a count in one.
        let skip = try #require(all.first { $0.source == 0 && $0.destination == 2 })
        #expect(skip.maxPayload == 256 && skip.credit - skip.creditBatch == plan.queueDepth)
        let back = try #require(all.first { $0.source == 2 && $0.destination == 0 })
        #expect(back.maxPayload == 256 && back.credit - back.creditBatch == plan.queueDepth)
    }
}
