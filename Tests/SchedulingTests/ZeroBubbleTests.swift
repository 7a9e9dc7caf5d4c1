import Scheduling
import Testing

@Suite struct ZeroBubbleTests {
    @Test func `ZB-H1 is drawn as in its documentation`() throws {
        #expect(
            try Schedule.zeroBubbleH1(stages: 4, microBatches: 8).grid() == """
                rank 0 F0F1F2F3······B0──F4B1──F5B2──F6B3──F7B4──B5──B6──B7──
                rank 1 ··F0F1F2····I0F3I1W0F4I2W1F5I3W2F6I4W3F7I5W4I6W5I7W6W7
                rank 2 ····F0F1··I0F2I1F3I2W0F4I3W1F5I4W2F6I5W3F7I6W4I7W5W6W7
                rank 3 ······F0I0F1I1F2I2F3I3W0F4I4W1F5I5W2F6I6W3F7I7W4W5W6W7
                """)
    }

    @Test func `ZB-H2 is drawn as in its documentation`() throws {
        #expect(
            try Schedule.zeroBubbleH2(stages: 4, microBatches: 8).grid() == """
                rank 0 F0F1F2F3F4F5F6B0──F7B1──B2──B3──B4──B5──B6──B7──······
                rank 1 ··F0F1F2F3F4I0F5I1F6I2W0F7I3W1I4W2I5W3I6W4I7W5W6W7····
                rank 2 ····F0F1F2I0F3I1F4I2F5I3F6I4W0F7I5W1I6W2I7W3W4W5W6W7··
                rank 3 ······F0I0F1I1F2I2F3I3F4I4F5I5F6I6W0F7I7W1W2W3W4W5W6W7
                """)
    }

    @Test func `ZB-H1 takes the least time that a barrier allows`() throws {
        #expect(try unitStep(.oneForwardOneBackward(stages: 8, microBatches: 32)).makespan == 117)
        #expect(try unitStep(.zeroBubbleH1(stages: 8, microBatches: 32)).makespan == 103)
        for stages in 1...8 {
            for microBatches in stages...24 {
                let step = try unitStep(.zeroBubbleH1(stages: stages, microBatches: microBatches))
                #expect(step.makespan == Double(3 * microBatches + stages - 1))
            }
        }
    }

    @Test func `ZB-H1 holds at most what the first stage of 1F1B holds`() {
        for stages in 1...8 {
            for microBatches in 1...24 {
                let schedule = Schedule.zeroBubbleH1(stages: stages, microBatches: microBatches)
                for stage in 0..<stages {
                    #expect(schedule.inFlight(stage: stage) == min(stages, microBatches))
                    #expect(
                        schedule.inFlight(stage: stage, until: .inputGradient) == min(stages - stage, microBatches))
                }
            }
        }
    }

    @Test func `ZB-H2 never idles between its first and its last instruction`() throws {
        for stages in 1...8 {
            for microBatches in (2 * stages - 1)...24 {
                let step = try unitStep(.zeroBubbleH2(stages: stages, microBatches: microBatches))
                #expect(step.begin == (0..<stages).map(Double.init))
                #expect(zip(step.begin, step.end).allSatisfy { $1 - $0 == Double(3 * microBatches) })
                #expect(step.makespan == Double(3 * microBatches + stages - 1))
                let updates = [Double](repeating: 0, count: stages)
                #expect(step.period(StepEnd(optimizer: updates)) == Double(3 * microBatches))
                #expect(step.bubbleFraction(StepEnd(optimizer: updates)) == 0)
            }
        }
    }

    @Test func `ZB-H2 holds about twice as much`() {
        for stages in 1...8 {
            for microBatches in 1...24 {
                let schedule = Schedule.zeroBubbleH2(stages: stages, microBatches: microBatches)
                for stage in 0..<stages {
                    #expect(schedule.inFlight(stage: stage) == min(2 * stages - 1, microBatches))
                    #expect(
                        schedule.inFlight(stage: stage, until: .inputGradient)
                            == min(2 * (stages - stage) - 1, microBatches))
                }
            }
        }
    }

    @Test func `few micro-batches are never slower than 1F1B`() throws {
        for stages in 1...8 {
            for microBatches in 1...stages {
                let whole = try unitStep(.oneForwardOneBackward(stages: stages, microBatches: microBatches)).makespan
                #expect(try unitStep(.zeroBubbleH1(stages: stages, microBatches: microBatches)).makespan <= whole)
                #expect(try unitStep(.zeroBubbleH2(stages: stages, microBatches: microBatches)).makespan <= whole)
            }
        }
    }
}
