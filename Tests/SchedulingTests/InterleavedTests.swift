import Scheduling
import Testing

@Suite struct InterleavedTests {
    @Test func `interleaved 1F1B is drawn for four ranks and eight micro-batches`() throws {
        let grid = try Schedule.interleaved(ranks: 4, microBatches: 8, virtual: 2).grid()
        #expect(
            grid == """
                rank 0 0F00F10F20F34F04F14F24F30F40F50F6·········4B0───0F74B1───···4F44B2───4F54B3───4F60B0───\
                4F70B1───0B2───···0B3───···4B4───···4B5───···4B6───···4B7───0B4───0B5───0B6───0B7───
                rank 1 ···1F01F11F21F35F05F15F25F31F4······5B0───1F55B1───1F65B2───1F75B3───5F41B0───5F51B1───\
                5F61B2───5F71B3───···5B4───···5B5───···5B6───···5B7───1B4───1B5───1B6───1B7───······
                rank 2 ······2F02F12F22F36F06F16F2···6B0───6F36B1───2F46B2───2F56B3───2F62B0───2F72B1───6F42B2───\
                6F52B3───6F66B4───6F76B5───···6B6───···6B7───2B4───2B5───2B6───2B7───············
                rank 3 ·········3F03F13F23F37F07B0───7F17B1───7F27B2───7F37B3───3F43B0───3F53B1───3F63B2───3F73B3───\
                7F47B4───7F57B5───7F67B6───7F77B7───3B4───3B5───3B6───3B7───··················
                """)
    }

    @Test func `interleaved 1F1B is drawn as in its documentation`() throws {
        #expect(
            try Schedule.interleaved(ranks: 2, microBatches: 4, virtual: 2).grid() == """
                rank 0 0F00F12F02F10F2···2B0───0F32B1───2F20B0───2F30B1───···2B2───···2B3───0B2───0B3───
                rank 1 ···1F01F13F03B0───3F13B1───1F21B0───1F31B1───3F23B2───3F33B3───1B2───1B3───······
                """)
    }

    @Test func `the bubble shrinks with the stages of a rank`() throws {
        for ranks in 1...8 {
            for microBatches in ranks...24 {
                for virtual in 1...3 {
                    let step = try unitStep(
                        .interleaved(ranks: ranks, microBatches: microBatches, virtual: virtual))
                    #expect(step.makespan == Double(3 * (microBatches * virtual + ranks - 1)))
                    let overhead = SchedulePrediction.overhead(
                        stages: ranks, microBatches: microBatches, virtual: virtual)
                    #expect(abs(step.overhead - overhead) < 1e-12)
                }
            }
        }
    }

    @Test func `with one stage for each rank it is 1F1B`() {
        for ranks in 1...8 {
            for microBatches in 1...24 {
                var schedule = Schedule.interleaved(ranks: ranks, microBatches: microBatches, virtual: 1)
                schedule.name = "1f1b"
                #expect(schedule == .oneForwardOneBackward(stages: ranks, microBatches: microBatches))
            }
        }
    }

    @Test func `the first rank holds a little more than that of 1F1B`() {
        for (ranks, virtual) in [(2, 2), (4, 2), (4, 3), (8, 2), (8, 4)] {
            let schedule = Schedule.interleaved(ranks: ranks, microBatches: 4 * ranks, virtual: virtual)
            #expect(schedule.inFlight(rank: 0) == ranks * virtual + ranks - 1)
            #expect(schedule.inFlight(rank: 0, until: .inputGradient) == ranks * virtual + ranks - 1)
        }
    }
}
