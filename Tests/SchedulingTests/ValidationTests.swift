import Scheduling
import Testing

@Suite struct ValidationTests {
    @Test func `generated schedules run over links that hold one message`() throws {
        for stages in 1...16 {
            let edges = everyEdge(stages: stages, portalGradient: false)
            let deep = everyEdge(stages: stages, portalGradient: true)
            for microBatches in 1...64 {
                for schedule in [
                    Schedule.gpipe(stages: stages, microBatches: microBatches),
                    .oneForwardOneBackward(stages: stages, microBatches: microBatches),
                ] {
                    try schedule.validate(edges: edges, queueDepth: 1)
                    try schedule.validate(edges: deep, queueDepth: max(stages - 1, 2))
                }
            }
        }
    }

    @Test func `interleaved stages run`() throws {
        try interleaved().validate(edges: everyEdge(stages: 4, portalGradient: true), queueDepth: 2)
    }

    @Test func `split backwards are valid`() throws {
        let schedule = try Schedule(parsing: "0F0 0F1 0I0 0W0 0B1\n1F0 1I0 1F1 1I1 1W0 1W1", name: "split")
        try schedule.validate(edges: everyEdge(stages: 2, portalGradient: false), queueDepth: 1)
        #expect(schedule.inFlight(stage: 1) == 2)
    }

    @Test func `the smallest queue depth is the first that validates`() throws {
        for (stages, microBatches, depth) in [(4, 8, 2), (8, 64, 5), (16, 64, 10), (16, 4, 2), (1, 4, 1)] {
            let schedule = Schedule.oneForwardOneBackward(stages: stages, microBatches: microBatches)
            let edges = everyEdge(stages: stages, portalGradient: true)
            #expect(try schedule.smallestQueueDepth(edges: edges) == depth)
            #expect(try schedule.smallestQueueDepth(edges: edges, atLeast: 3) == max(depth, 3))
            #expect(try schedule.smallestQueueDepth(edges: edges, atLeast: 100) == 100)
            #expect(message { try schedule.validate(edges: edges, queueDepth: depth) } == "")
            #expect(depth == 1 || message { try schedule.validate(edges: edges, queueDepth: depth - 1) } != "")
        }
        let mutual = try Schedule(parsing: "0F0 0B0 0F1 0B1\n1F1 1F0 1B0 1B1", name: "mutual")
        #expect(try mutual.smallestQueueDepth(edges: Edge.chain(stages: 2)) == nil)
    }

    @Test func `a backward before its forward is refused`() {
        expect(
            "0F0 0F1 0B0 0B1\n1F0 1B0 1B1 1F1",
            """
            rank 1, instruction 2: expected 1F1 before 1B1, got none before it
              rank 0: 0F0 0F1 0B0 0B1
              rank 1: 1F0 1B0 1B1 1F1
                              ^^^
            """)
    }

    @Test func `a missing backward is refused`() {
        expect(
            "0F0 0F1 0B0 0B1\n1F0 1B0 1F1",
            """
            rank 1, instruction 3: expected 1B1, got none
              rank 0: 0F0 0F1 0B0 0B1
              rank 1: 1F0 1B0 1F1
                                  ^
            """)
    }

    @Test func `a missing weight half is refused`() {
        expect(
            "0F0 0I0",
            """
            rank 0, instruction 2: expected 0W0, got none
              rank 0: 0F0 0I0
                              ^
            """)
    }

    @Test func `a repeated forward is refused`() {
        expect(
            "0F0 0F1 0B0 0B1\n1F0 1B0 1F0 1F1 1B1",
            """
            rank 1, instruction 2: expected each micro-batch once: one F, and one B or one I and one W, got 1F0 after \
            instruction 0 had done it
              rank 0: 0F0 0F1 0B0 0B1
              rank 1: 1F0 1B0 1F0 1F1 1B1
                              ^^^
            """)
    }

    @Test(arguments: ["0F0 0B0 0W0", "0F0 0I0 0B0", "0F0 0I0 0W0 0B0", "0F0 0B0 0I0", "0F0 0I0 0W0 0W0"])
    func `whole and halved backwards do not mix`(text: String) {
        let error = message { try validate(text) }
        #expect(error.contains("expected each micro-batch once: one F, and one B or one I and one W"))
    }

    @Test func `a weight half before its input half is refused`() {
        expect(
            "0F0 0W0 0I0",
            """
            rank 0, instruction 1: expected 0I0 before 0W0, got none before it
              rank 0: 0F0 0W0 0I0
                          ^^^
            """)
    }

    @Test func `an instruction on a rank that does not own its stage is refused`() {
        var schedule = Schedule.gpipe(stages: 2, microBatches: 1)
        schedule.ranks[0].append(Instruction(.forward, stage: 1, microBatch: 0))
        #expect(
            message { try schedule.validate(edges: Edge.chain(stages: 2), queueDepth: 1) } == """
                rank 0, instruction 2: expected stage 1 on rank 1, which owns it, got 1F0 on rank 0
                  rank 0: 0F0 0B0 1F0
                                  ^^^
                  rank 1: 1F0 1B0
                """)
    }

    @Test func `stages and micro-batches outside the schedule are refused`() {
        var schedule = Schedule.gpipe(stages: 2, microBatches: 1)
        schedule.ranks[1][0].microBatch = 7
        #expect(
            message { try schedule.validate(edges: [], queueDepth: 1) } == """
                rank 1, instruction 0: expected a stage below 2 and a micro-batch below 1, got 1F7
                  rank 0: 0F0 0B0
                  rank 1: 1F7 1B0
                          ^^^
                """)
        schedule.rankOfStage[1] = 2
        #expect(message { try schedule.lower(edges: []) } == "rank of stage 1: expected below 2, got 2")
    }

    @Test func `stages of one rank in the wrong order are refused`() {
        expect(
            "1F0 0F0 1B0 0B0",
            """
            rank 0, instruction 0: expected 0F0 before 1F0, got it at instruction 1
              rank 0: 1F0 0F0 1B0 0B0
                      ^^^
            """)
        expect(
            "0F0 1F0 0B0 1B0",
            """
            rank 0, instruction 2: expected 1B0 before 0B0, got it at instruction 3
              rank 0: 0F0 1F0 0B0 1B0
                              ^^^
            """)
    }

    @Test func `more micro-batches in flight than allowed are refused`() {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 4)
        #expect(
            message {
                try schedule.validate(edges: Edge.chain(stages: 2), queueDepth: 1, maximumInFlight: [4, 2])
            } == """
                rank 1, instruction 2: expected at most 2 micro-batches in flight on stage 1, got 3
                  rank 0: 0F0 0F1 0F2 0F3 0B0 0B1 0B2 0B3
                  rank 1: 1F0 1F1 1F2 1F3 1B0 1B1 1B2 1B3
                                  ^^^
                """)
    }

    @Test func `ranks that wait for one another are refused`() {
        expect(
            "0F0 0B0 0F1 0B1\n1F1 1F0 1B0 1B1",
            """
            deadlock, where a link holds at most one undelivered message:
              rank 0 at 0B0 waits to receive the gradient of boundary 0→1, micro-batch 0, from rank 1
              rank 1 at 1F1 waits to receive boundary 0→1, micro-batch 1, from rank 0
              rank 0: 0F0 0B0 0F1 0B1
                          ^^^
              rank 1: 1F1 1F0 1B0 1B1
                      ^^^
            """)
    }

    @Test func `a deadlock on a link that fills up is refused`() {
        let schedule = Schedule.oneForwardOneBackward(stages: 3, microBatches: 16)
        #expect(
            message { try schedule.validate(edges: everyEdge(stages: 3, portalGradient: true), queueDepth: 1) } == """
                deadlock, where a link holds at most one undelivered message:
                  rank 0 at 0F2 waits to send targets 0→2, micro-batch 2, to rank 2
                  rank 1 at 1B1 waits to send the gradient of boundary 0→1, micro-batch 1, to rank 0
                  rank 2 at 2B1 waits to send the gradient of portal 0→2, micro-batch 1, to rank 0
                  rank 0: 0F0 0F1 0F2 0B0 0F3 0B1 0F4 0B2 0F5 …
                                  ^^^
                  rank 1: 1F0 1F1 1B0 1F2 1B1 1F3 1B2 1F4 1B3 1F5 1B4 …
                                          ^^^
                  rank 2: 2F0 2B0 2F1 2B1 2F2 2B2 2F3 2B3 2F4 2B4 …
                                      ^^^
                """)
    }

    @Test func `only the window around a fault is shown`() {
        var schedule = Schedule.gpipe(stages: 5, microBatches: 40)
        schedule.ranks[2].swapAt(39, 79)
        #expect(
            message { try schedule.validate(edges: [], queueDepth: 1) } == """
                rank 2, instruction 39: expected 2F39 before 2B39, got none before it
                  rank 1: … 1F33 1F34 1F35 1F36 1F37 1F38 1F39 1B0 1B1 1B2 1B3 1B4 1B5 …
                  rank 2: … 2F33 2F34 2F35 2F36 2F37 2F38 2B39 2B0 2B1 2B2 2B3 2B4 2B5 …
                                                          ^^^^
                  rank 3: … 3F33 3F34 3F35 3F36 3F37 3F38 3F39 3B0 3B1 3B2 3B3 3B4 3B5 …
                """)
    }

    @Test func `edges that fit no stage are refused`() {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 1)
        for (from, to) in [(0, 2), (1, 1), (1, 0), (-1, 1)] {
            let edge = Edge(from: from, to: to, kind: .portal, carriesGradient: true)
            #expect(
                message { try schedule.validate(edges: [edge], queueDepth: 1) }
                    == "edge portal \(from)→\(to): expected 0 ≤ from < to < 2 stages, got \(from) → \(to)")
        }
        #expect(
            message { try schedule.validate(edges: [], queueDepth: 0) } == "queue depth: expected at least 1, got 0")
    }

    private func validate(_ text: String) throws {
        let schedule = try Schedule(parsing: text, name: "broken")
        try schedule.validate(edges: Edge.chain(stages: schedule.stageCount), queueDepth: 1)
    }

    private func expect(_ text: String, _ error: String) {
        #expect(message { try validate(text) } == error)
    }
}

@Suite struct MicroBatchOrderTests {
    @Test func `every generated schedule keeps the order of micro-batches`() throws {
        for schedule in everySchedule() { #expect(message { try schedule.checkMicroBatchOrder() } == "") }
    }

    @Test(arguments: [
        ("0F1 0F0 0B0 0B1", "rank 0, instruction 0: expected 0F0 before 0F1, in the order of micro-batches, got 0F1"),
        ("0F0 0F1 0B1 0B0", "rank 0, instruction 2: expected 0B0 before 0B1, in the order of micro-batches, got 0B1"),
        (
            "0F0 0F1 0I1 0I0 0W1 0W0",
            "rank 0, instruction 4: expected 0W0 before 0W1, in the order of micro-batches, got 0W1"
        ),
        (
            "0F0 0F1 0I0 0B1 0W0",
            "rank 0, instruction 3: expected 0B0 before 0B1, in the order of micro-batches, got 0B1"
        ),
    ])
    func `other orders are refused`(text: String, error: String) throws {
        let schedule = try Schedule(parsing: text, name: "text")
        #expect(message { try schedule.checkMicroBatchOrder() }.split(separator: "\n").first.map(String.init) == error)
        #expect(message { try Schedule(parsing: "0F0 0F1 0I1 0I0 0W0 0W1", name: "").checkMicroBatchOrder() } == "")
    }
}
