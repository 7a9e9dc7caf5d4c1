import Coordination
import Manifests
import TestPlans
import Testing
import Transport

/// Statuses as heartbeats might have told them: what a user reads of a run that hangs.
@Suite struct DiagnosisTests {
    private func diagnosis(_ ranks: [Diagnosis.Rank], schedule: String = "1f1b") throws -> Diagnosis {
        let devices = "[" + ranks.map(\.device).joined(separator: ", ") + "]"
        return Diagnosis(
            ranks,
            InstructionNames(try Plans.make(devices: devices, set: ["schedule=\(schedule)", "partition=uniform"])))
    }

    private func rank(
        _ rank: Int, _ instruction: String, _ phase: WorkerPhase, step: Int = 6, links: [LinkStatus] = [],
        _ condition: Diagnosis.Condition = .alive
    ) -> Diagnosis.Rank {
        Diagnosis.Rank(
            device: "cpu:\(rank)", condition: condition,
            status: WorkerStatus(step: step, microBatch: 3, instruction: instruction, phase: phase, links: links),
            stalled: 31.25, heard: condition == .alive ? 0.1 : 6.2)
    }

    private func gradient(_ microBatch: Int, ofEdge edge: Int) -> MessageName {
        MessageName(.gradient, step: 6, microBatch: microBatch, edge: edge)
    }

    private func activation(_ microBatch: Int, ofEdge edge: Int) -> MessageName {
        MessageName(.activation, step: 6, microBatch: microBatch, edge: edge)
    }

    @Test func `a chain of waits ends at the rank that computes`() throws {
        let came = LinkStatus(
            peer: 1, isOutgoing: false, moved: 7, credited: 6, credit: 3, creditLimit: 4,
            newest: gradient(1, ofEdge: 0), age: 31_400_000_000)
        let found = try diagnosis([
            rank(0, "0B2", .receiving(from: 1, gradient(2, ofEdge: 0)), links: [came]),
            rank(1, "1B2", .receiving(from: 2, gradient(2, ofEdge: 1))),
            rank(2, "2F2", .computing),
        ])
        #expect(found.cause == .rank(2) && found.causeRank == 2)
        #expect(found.causeText { " at \($0)" } == "all wait for worker 2 (cpu:2) at 2")
        #expect(
            found.table(around: 2).joined(separator: "\n") == """
                  worker  device  step  at   is                              for  last on that link  credit   heard of
                       0  cpu:0      7  0B2  waiting for 1B2 of worker 1  31.2 s  1B1, 31.5 s ago    3 of 4  0.1 s ago
                       1  cpu:1      7  1B2  waiting for 2B2 of worker 2  31.2 s  –                       –  0.1 s ago
                       2  cpu:2      7  2F2  computing                    31.2 s  –                       –  0.1 s ago
                """)
    }

    @Test func `a stopped worker is where the chain ends, whatever it was at`() throws {
        let found = try diagnosis([
            rank(0, "0F3", .sending(to: 1)),
            rank(1, "1F2", .receiving(from: 0, activation(2, ofEdge: 0)), .stopped),
        ])
        #expect(found.cause == .rank(1))
        #expect(found.causeText { _ in " at step 7" } == "all wait for worker 1 (cpu:1), which is stopped, at step 7")
        #expect(found.table(around: 1)[2].contains("stopped; before: waiting for 0F2 of worker 0"))
    }

    @Test func `ranks that wait for each other are a cycle, named from its lowest`() throws {
        let found = try diagnosis([
            rank(0, "0F0", .receiving(from: 2, gradient(0, ofEdge: 0))),
            rank(1, "1F0", .receiving(from: 2, gradient(0, ofEdge: 1))),
            rank(2, "2F0", .receiving(from: 1, activation(0, ofEdge: 1))),
        ])
        #expect(found.cause == .cycle([1, 2]))
        #expect(found.causeText { " at \($0)" } == "workers 1 and 2 wait for each other at 1")
    }

    @Test func `a message that left one end and never arrived at the other is the link's fault`() throws {
        let sent = LinkStatus(peer: 0, isOutgoing: true, moved: 9, credited: 7, credit: 2, creditLimit: 4)
        let came = LinkStatus(peer: 1, isOutgoing: false, moved: 8, credited: 7, credit: 3, creditLimit: 4)
        let found = try diagnosis([
            rank(0, "0B3", .receiving(from: 1, gradient(3, ofEdge: 0)), links: [came]),
            rank(1, "1F4", .receiving(from: 0, activation(4, ofEdge: 0)), links: [sent]),
        ])
        #expect(found.cause == .link(from: 1, to: 0, missing: 1))
        #expect(
            found.causeText { _ in "" }
                == "the link between worker 1 and worker 0 delivers nothing: a message left worker 1 and did not arrive"
        )
    }

    @Test func `credit that was returned and never came is the link's fault too`() throws {
        let own = LinkStatus(peer: 1, isOutgoing: true, moved: 9, credited: 5, waiting: 2, credit: 0, creditLimit: 4)
        let far = LinkStatus(peer: 0, isOutgoing: false, moved: 9, credited: 9, credit: 4, creditLimit: 4)
        let found = try diagnosis([
            rank(0, "0F3", .sending(to: 1), links: [own]),
            rank(1, "1F3", .receiving(from: 0, activation(9, ofEdge: 0)), links: [far]),
        ])
        #expect(found.cause == .link(from: 1, to: 0, missing: 4))
        #expect(found.table(around: nil)[1].contains("waiting for worker 1 to take a message, without credit"))
    }

    @Test func `who waits for the coordinator waits for the ranks that have not told it of the step`() throws {
        let waiting = rank(0, "0B3", .coordinated)
        #expect(try diagnosis([waiting, rank(1, "1W3", .computing)]).cause == .rank(1))
        #expect(try diagnosis([waiting, rank(1, "1B3", .coordinated, step: 5)]).cause == .coordinator)
        #expect(try diagnosis([waiting, waiting]).causeRank == nil)
    }

    @Test func `split backwards, portals, ties and numbers of no message have names`() throws {
        let names = InstructionNames(
            try Plans.make(
                model: Plans.portal, devices: "[cpu:0, cpu:1, cpu:2]", set: ["schedule=zb-h1", "partition=uniform"]))
        let portal = try #require(
            (0..<9).first { names.text(of: .init(.portal, step: 0, microBatch: 2, edge: $0)) == "0F2 (portal)" })
        #expect(
            names.text(of: .init(.portalGradient, step: 0, microBatch: 2, edge: portal)).hasSuffix(
                "I2 (portal gradient)"))
        #expect(names.text(of: .init(.tie, step: 0, microBatch: 0, edge: 4)) == "the gradient of tie 4")
        #expect(
            names.text(of: .init(.activation, step: 0, microBatch: 7, edge: 1 << 31)) == "activation of micro-batch 7")
        #expect(names.sender(of: .init(.activation, step: 0, microBatch: 1 << 31, edge: 0)) == nil)
    }

    @Test func `of many ranks, a terminal shows the one that counts and those that wait for it`() throws {
        var ranks = (0..<6).map { rank($0, "\($0)F0", .computing) }
        ranks[5] = rank(5, "5F0", .receiving(from: 4, activation(0, ofEdge: 4)))
        let table = try Diagnosis(ranks, InstructionNames(Plans.make())).table(around: 4, limit: 3)
        #expect(table.count == 4 && table.dropFirst().map { $0.split(separator: " ")[0] } == ["0", "4", "5"])
    }

    @Test func `a rank that was never heard of has a line`() throws {
        let found = try diagnosis([rank(0, "0F0", .computing), Diagnosis.Rank(device: "cpu:1", condition: .silent)])
        #expect(
            found.table(around: 1)[2].split(separator: " ").map(String.init) == [
                "1", "cpu:1", "–", "–", "silent", "–", "–", "–", "never",
            ])
    }
}
