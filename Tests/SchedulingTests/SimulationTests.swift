import Scheduling
import Testing

@Suite struct SimulationTests {
    @Test func equalStagesTakeWhatTheClosedFormSays() throws {
        let time = StageTimes.Stage(forward: 3, backward: 5)
        for schedule in everySchedule() {
            let (p, m) = (schedule.stageCount, schedule.microBatches)
            let timeline = try schedule.simulate(
                edges: Edge.chain(stages: p), times: StageTimes(uniform: time, stages: p))
            #expect(timeline.makespan == SchedulePrediction.makespan(stages: p, microBatches: m, time: time))
            #expect(timeline.busy == [Double](repeating: 8 * Double(m), count: p))
            #expect(
                abs(timeline.bubbleFraction - SchedulePrediction.bubbleFraction(stages: p, microBatches: m)) < 1e-12)
            #expect(abs(timeline.overhead - SchedulePrediction.overhead(stages: p, microBatches: m)) < 1e-12)
        }
    }

    @Test func spansOfARankFollowOneAnother() throws {
        let schedule = Schedule.oneForwardOneBackward(stages: 2, microBatches: 2)
        let timeline = try schedule.simulate(edges: Edge.chain(stages: 2), times: .units(stages: 2))
        #expect(timeline.spans(rank: 0).map(\.instruction) == schedule.ranks[0])
        #expect(timeline.spans(rank: 0).map(\.start) == [0, 1, 4, 7])
        #expect(timeline.spans(rank: 1).map(\.end) == [2, 4, 5, 7])
        #expect(timeline.makespan == 9)
    }

    @Test func theSlowestStageSetsThePace() throws {
        let times = StageTimes(stages: [
            .init(forward: 1, backward: 1), .init(forward: 4, backward: 6), .init(forward: 1, backward: 1),
        ])
        let timeline = try Schedule.oneForwardOneBackward(stages: 3, microBatches: 20)
            .simulate(edges: Edge.chain(stages: 3), times: times)
        // Its own 20 · 10, a forward before the first, a backward behind the last, and the first wait for stage 2's.
        #expect(timeline.busy == [40, 200, 40])
        #expect(timeline.makespan == 1 + 200 + 1)
    }

    @Test func latencyIsPaidOnceEachWayByASingleMicroBatch() throws {
        let timeline = try Schedule.gpipe(stages: 2, microBatches: 1).simulate(
            edges: Edge.chain(stages: 2), times: .units(stages: 2),
            link: LinkTime(latency: 0.25, secondsPerMessage: 0.5))
        #expect(timeline.makespan == 1 + 0.75 + 1 + 2 + 0.75 + 2)
    }

    @Test func messagesOfALinkFollowOneAnother() throws {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 3)
        let timeline = try schedule.simulate(
            edges: Edge.chain(stages: 2), times: .units(stages: 2),
            link: LinkTime(latency: 1, secondsPerMessage: 10))
        #expect(timeline.spans(rank: 1).prefix(3).map(\.start) == [12, 22, 32])
    }

    @Test func eachEdgeHasItsOwnTime() throws {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 1)
        let edges = Edge.chain(stages: 2) + Edge.targets(stages: 2)
        let timeline = try schedule.simulate(
            edges: edges, times: .units(stages: 2), links: [.free, LinkTime(latency: 7, secondsPerMessage: 0)])
        #expect(timeline.spans(rank: 1).map(\.start) == [8, 9])
    }

    @Test func aFullLinkHoldsItsSenderBack() throws {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 4)
        let times = StageTimes(stages: [.init(forward: 1, backward: 1), .init(forward: 10, backward: 1)])
        let starts = try [1, 2, 3].map { depth in
            try schedule.simulate(edges: Edge.chain(stages: 2), times: times, queueDepth: depth)
                .spans(rank: 0).prefix(4).map(\.start)
        }
        // Messages are taken at 1, 11, 21 and 31: with room for one, message 2 waits until 11.
        #expect(starts == [[0, 1, 2, 11], [0, 1, 2, 3], [0, 1, 2, 3]])
    }

    @Test func halvedBackwardsTakeTheirOwnTimes() throws {
        let schedule = try Schedule(parsing: "0F0 0I0 0W0", name: "split")
        let time = StageTimes.Stage(forward: 1, backward: 5, backwardInput: 2, backwardWeight: 3.5)
        let timeline = try schedule.simulate(edges: [], times: StageTimes(uniform: time, stages: 1))
        #expect(timeline.spans(rank: 0).map(\.end) == [1, 3, 6.5])
        #expect(time.backwardInput + StageTimes.Stage(forward: 0, backward: 5).backwardWeight == 4.5)
    }

    @Test func aScheduleThatDeadlocksHasNoTimeline() throws {
        let schedule = try Schedule(parsing: "0F0 0B0 0F1 0B1\n1F1 1F0 1B0 1B1", name: "mutual")
        #expect(throws: ScheduleError.self) {
            try schedule.simulate(edges: Edge.chain(stages: 2), times: .units(stages: 2))
        }
    }

    @Test func timesOfOtherStagesAreRefused() {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 1)
        #expect(
            message { try schedule.simulate(edges: [], times: .units(stages: 3)) }
                == "stage times: expected 2 stages, got 3")
        #expect(
            message { try schedule.simulate(edges: [], times: .units(stages: 2), links: [.free]) }
                == "link times: expected 0 edges, got 1")
    }

    @Test func thousandsOfMicroBatches() throws {
        let timeline = try Schedule.oneForwardOneBackward(stages: 64, microBatches: 4096).simulate(
            edges: Edge.chain(stages: 64), times: .units(stages: 64), queueDepth: 2)
        #expect(timeline.makespan == 3 * (4096 + 63))
    }
}
