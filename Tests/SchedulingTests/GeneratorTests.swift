import Scheduling
import Testing

@Suite struct GeneratorTests {
    @Test func `GPipe is drawn as in its documentation`() throws {
        let grid = try Schedule.gpipe(stages: 4, microBatches: 8).grid(maxColumns: 80)
        #expect(
            grid == """
                rank 0 F0F1F2F3F4F5F6F7··················B0──B1──B2──B3──B4──B5──B6──B7──
                rank 1 ··F0F1F2F3F4F5F6F7············B0──B1──B2──B3──B4──B5──B6──B7──····
                rank 2 ····F0F1F2F3F4F5F6F7······B0──B1──B2──B3──B4──B5──B6──B7──········
                rank 3 ······F0F1F2F3F4F5F6F7B0──B1──B2──B3──B4──B5──B6──B7──············
                """)
    }

    @Test func `1F1B is drawn as in its documentation`() throws {
        let grid = try Schedule.oneForwardOneBackward(stages: 4, microBatches: 8).grid(maxColumns: 80)
        #expect(
            grid == """
                rank 0 F0F1F2F3············B0──F4B1──F5B2──F6B3──F7B4──··B5──··B6──··B7──
                rank 1 ··F0F1F2········B0──F3B1──F4B2──F5B3──F6B4──F7B5──··B6──··B7──····
                rank 2 ····F0F1····B0──F2B1──F3B2──F4B3──F5B4──F6B5──F7B6──··B7──········
                rank 3 ······F0B0──F1B1──F2B2──F3B3──F4B4──F5B5──F6B6──F7B7──············
                """)
    }

    @Test func `forwards alone are drawn as in their documentation`() throws {
        let grid = try Schedule.oneForwardOneBackward(stages: 4, microBatches: 5).forwardOnly.grid(maxColumns: 80)
        #expect(
            grid == """
                rank 0 F0F1F2F3F4······
                rank 1 ··F0F1F2F3F4····
                rank 2 ····F0F1F2F3F4··
                rank 3 ······F0F1F2F3F4
                """)
    }

    @Test func `a written schedule without a backward is refused still`() throws {
        let written = try Schedule(parsing: "0F0 0F1\n1F0 1F1", name: "mine")
        #expect(!written.isForwardOnly && message { try written.lower(edges: Edge.chain(stages: 2)) }.contains("0B0"))
    }

    @Test func `fewer micro-batches than stages leave the last stages waiting`() throws {
        let grid = try Schedule.oneForwardOneBackward(stages: 4, microBatches: 2).grid()
        #expect(
            grid == """
                rank 0 F0F1················B0──··B1──
                rank 1 ··F0F1··········B0──··B1──····
                rank 2 ····F0F1····B0──··B1──········
                rank 3 ······F0B0──F1B1──············
                """)
    }

    @Test func `one micro-batch and one stage make a schedule`() throws {
        for schedule in [
            Schedule.gpipe(stages: 1, microBatches: 1), .oneForwardOneBackward(stages: 1, microBatches: 1),
        ] {
            #expect(try schedule.grid() == "rank 0 F0B0──")
        }
    }

    @Test func `instructions of ranks with several stages name the stage`() throws {
        #expect(
            try Schedule(parsing: "0F0 3F0 3I0 3W0 0B0\n1F0 2F0 2B0 1B0", name: "v").grid() == """
                rank 0 0F0······3F03I03W0·········0B0───
                rank 1 ···1F02F0······2B0───1B0───······
                """)
    }

    @Test func `a drawing too large is cut and says so`() throws {
        let grid = try Schedule.oneForwardOneBackward(stages: 12, microBatches: 30).grid(maxColumns: 40, maxRows: 2)
        #expect(
            grid == """
                rank 0  F0 F1 F2 F3 F4 F5 F6 F7 F8 F9 
                rank 1  ···F0 F1 F2 F3 F4 F5 F6 F7 F8 
                … shown: 10 of 123 time units, 2 of 12 ranks
                """)
    }

    @Test func `micro-batches run backward in order`() {
        for schedule in everySchedule() {
            for instructions in schedule.ranks {
                let backwards = instructions.filter { $0.pass == .backward }.map(\.microBatch)
                #expect(backwards == Array(0..<schedule.microBatches))
            }
        }
    }

    @Test func `each schedule holds as many micro-batches as its paper says`() throws {
        for stages in 1...16 {
            for microBatches in 1...64 {
                let pipe = Schedule.gpipe(stages: stages, microBatches: microBatches)
                let steady = Schedule.oneForwardOneBackward(stages: stages, microBatches: microBatches)
                let bound = (0..<stages).map { min(stages - $0, microBatches) }
                #expect((0..<stages).map(steady.inFlight) == bound)
                #expect((0..<stages).map(pipe.inFlight).allSatisfy { $0 == microBatches })
                #expect(try steady.lower(edges: []).slotCount == bound)
                #expect(try pipe.lower(edges: []).slotCount.allSatisfy { $0 == microBatches })
            }
        }
    }

    @Test func `known names make schedules, and others are refused`() throws {
        for name in Schedule.names {
            let schedule = try Schedule.named(name, ranks: 3, microBatches: 5)
            let stages = try #require(Schedule.virtualStages(of: name)).usual * 3
            #expect(schedule.name == name && schedule.rankCount == 3 && schedule.stageCount == stages)
            #expect(try Schedule.named(name, stages: stages, microBatches: 5) == schedule)
        }
        #expect(
            message { try Schedule.named("2f2b", stages: 1, microBatches: 1) }
                == "schedule: expected 1f1b, gpipe, interleaved, zb-h1, zb-h2, zb-v or v-half, got \"2f2b\"")
        #expect(
            message { try Schedule.named("zb-v", stages: 3, microBatches: 1) }
                == "stages: expected a multiple of 2, the stages of each rank of zb-v, got 3")
        #expect(
            message { try Schedule.named("zb-v", ranks: 3, microBatches: 1, virtual: 3) }
                == "virtual: expected 2 for zb-v, got 3")
        #expect(
            message { try Schedule.named("interleaved", ranks: 3, microBatches: 1, virtual: 0) }
                == "virtual: expected from 1 to 1024 for interleaved, got 0")
        #expect(
            message { try Schedule.named("interleaved", ranks: .max, microBatches: 1) }
                == "ranks × virtual: expected at most 67108864, got \(Int.max) × 2")
        #expect(
            message { try Schedule.named("gpipe", ranks: 0, microBatches: 1) } == "ranks: expected at least 1, got 0")
        #expect(
            message { try Schedule.named("1f1b", stages: 0, microBatches: 1) }
                == "stages: expected at least 1, got 0")
        #expect(
            message { try Schedule.named("1f1b", stages: 1, microBatches: -3) }
                == "micro-batches: expected at least 1, got -3")
        #expect(
            message { try Schedule.named("gpipe", stages: .max, microBatches: 2) }
                == "stages × micro-batches: expected at most 67108864, got \(Int.max) × 2")
    }
}
