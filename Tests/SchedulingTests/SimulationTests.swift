import Scheduling
import Testing

@Suite struct SimulationTests {
    @Test func `equal stages take what the closed form says`() throws {
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

    @Test func `spans of a rank follow one another`() throws {
        let schedule = Schedule.oneForwardOneBackward(stages: 2, microBatches: 2)
        let timeline = try schedule.simulate(edges: Edge.chain(stages: 2), times: .units(stages: 2))
        #expect(timeline.spans(rank: 0).map(\.instruction) == schedule.ranks[0])
        #expect(timeline.spans(rank: 0).map(\.start) == [0, 1, 4, 7])
        #expect(timeline.spans(rank: 1).map(\.end) == [2, 4, 5, 7])
        #expect(timeline.makespan == 9)
    }

    @Test func `the slowest stage sets the pace`() throws {
        let times = StageTimes(stages: [
            .init(forward: 1, backward: 1), .init(forward: 4, backward: 6), .init(forward: 1, backward: 1),
        ])
        let timeline = try Schedule.oneForwardOneBackward(stages: 3, microBatches: 20)
            .simulate(edges: Edge.chain(stages: 3), times: times)
        // Its own 20 · 10, a forward before the first, a backward behind the last, and the first wait for stage 2's.
        #expect(timeline.busy == [40, 200, 40])
        #expect(timeline.makespan == 1 + 200 + 1)
    }

    @Test func `latency is paid once each way by a single micro-batch`() throws {
        let timeline = try Schedule.gpipe(stages: 2, microBatches: 1).simulate(
            edges: Edge.chain(stages: 2), times: .units(stages: 2),
            link: LinkTime(latency: 0.25, secondsPerMessage: 0.5))
        #expect(timeline.makespan == 1 + 0.75 + 1 + 2 + 0.75 + 2)
    }

    @Test func `messages of a link follow one another`() throws {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 3)
        let timeline = try schedule.simulate(
            edges: Edge.chain(stages: 2), times: .units(stages: 2),
            link: LinkTime(latency: 1, secondsPerMessage: 10))
        #expect(timeline.spans(rank: 1).prefix(3).map(\.start) == [12, 22, 32])
    }

    @Test func `each edge has its own time`() throws {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 1)
        let edges = Edge.chain(stages: 2) + Edge.targets(stages: 2)
        let timeline = try schedule.simulate(
            edges: edges, times: .units(stages: 2), links: [.free, LinkTime(latency: 7, secondsPerMessage: 0)])
        #expect(timeline.spans(rank: 1).map(\.start) == [8, 9])
    }

    @Test func `a full link holds its sender back`() throws {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 4)
        let times = StageTimes(stages: [.init(forward: 1, backward: 1), .init(forward: 10, backward: 1)])
        let starts = try [1, 2, 3].map { depth in
            try schedule.simulate(edges: Edge.chain(stages: 2), times: times, queueDepth: depth)
                .spans(rank: 0).prefix(4).map(\.start)
        }
        // Messages are taken at 1, 11, 21 and 31: with room for one, message 2 waits until 11.
        #expect(starts == [[0, 1, 2, 11], [0, 1, 2, 3], [0, 1, 2, 3]])
    }

    @Test func `halved backwards take their own times`() throws {
        let schedule = try Schedule(parsing: "0F0 0I0 0W0", name: "split")
        let time = StageTimes.Stage(forward: 1, backward: 5, backwardInput: 2, backwardWeight: 3.5)
        let timeline = try schedule.simulate(edges: [], times: StageTimes(uniform: time, stages: 1))
        #expect(timeline.spans(rank: 0).map(\.end) == [1, 3, 6.5])
        #expect(time.backwardInput + StageTimes.Stage(forward: 0, backward: 5).backwardWeight == 4.5)
    }

    @Test func `a schedule that deadlocks has no timeline`() throws {
        let schedule = try Schedule(parsing: "0F0 0B0 0F1 0B1\n1F1 1F0 1B0 1B1", name: "mutual")
        #expect(throws: ScheduleError.self) {
            try schedule.simulate(edges: Edge.chain(stages: 2), times: .units(stages: 2))
        }
    }

    @Test func `times of other stages are refused`() {
        let schedule = Schedule.gpipe(stages: 2, microBatches: 1)
        #expect(
            message { try schedule.simulate(edges: [], times: .units(stages: 3)) }
                == "stage times: expected 2 stages, got 3")
        #expect(
            message { try schedule.simulate(edges: [], times: .units(stages: 2), links: [.free]) }
                == "link times: expected 0 edges, got 1")
    }

    @Test func `updates follow the last rank where there is a barrier`() throws {
        let step = try unitStep(.oneForwardOneBackward(stages: 2, microBatches: 2))
        #expect(step.end == [9, 7] && step.begin == [0, 1] && step.makespan == 9)
        let updates = [1.0, 4]
        let end = StepEnd(optimizer: updates, barrier: 0.5)
        #expect(step.period(end) == 13.5)
        #expect(step.bubbleFraction(end) == 1 - 17.0 / 27)
        // Rank 1 works from 1 to 7 and updates until 11, rank 0 from 0 to 9 and until 10.
        #expect(step.period(StepEnd(optimizer: updates)) == 10)
    }

    /// 1 s of 100 B/s each way, of which three layers' can lie over the last pass.
    @Test func `gradients of replicas are hidden behind the last pass, but for its last layer's`() throws {
        let link = LinkCost(latency: 0.25, bytesPerSecond: 100)
        var time = ReplicaTime(replicas: 2, bytes: 200, layers: 4, lastPass: 4, link: link)
        #expect(time.underWay == 2.5 && time.exposed == 1 && time.returning == 0)
        time.lastPass = 1
        #expect(time.exposed == 1.75)
        time.returnsSums = false
        #expect(time.underWay == 1.25 && time.exposed == 0.5 && time.returning == 1.25)
        time.isHidden = false
        #expect(time.exposed == 1.25)
        time.replicas = 1
        #expect(time.underWay == 0 && time.exposed == 0)
        let step = try unitStep(.oneForwardOneBackward(stages: 2, microBatches: 2))
        #expect(step.period(StepEnd(optimizer: [1, 1], barrier: 0.5, gradients: [2, 5])) == 13.5)
        #expect(step.period(StepEnd(optimizer: [1, 1], gradients: [2, 5])) == 12)
    }

    @Test func `each link has its own depth`() throws {
        let schedule = Schedule.gpipe(stages: 3, microBatches: 4)
        let simulator = try Simulator(schedule, edges: Edge.chain(stages: 3))
        let slow = StageTimes.Stage(forward: 10, backward: 1)
        let times = StageTimes(stages: [.init(forward: 1, backward: 1), .init(forward: 1, backward: 1), slow])
        #expect(simulator.links.map(\.description).first == "rank 0→rank 1")
        let free = [LinkTime](repeating: .free, count: 2)
        let depths = simulator.links.map { $0 == Link(from: 1, to: 2) ? 1 : 4 }
        let timeline = try simulator.timeline(times: times, linkTimes: free, queueDepths: depths)
        #expect(timeline.spans(rank: 0).prefix(4).map(\.start) == [0, 1, 2, 3])
        #expect(timeline.spans(rank: 1).prefix(4).map(\.start) == [1, 2, 3, 12])
        #expect(try simulator.queueDepths(times: times, linkTimes: free) == [1, 1, 3, 1])
        #expect(
            message { try simulator.step(times: times, linkTimes: free, queueDepths: [1]) }
                == "queue depths: expected 4 links, got 1")
        #expect(
            message { try simulator.step(times: times, linkTimes: free, queueDepths: [1, 1, 0, 1]) }
                == "queue depth: expected at least 1, got 0")
    }

    @Test func `a step simulated without spans takes as long as with them`() throws {
        for schedule in try generated(ranks: 5, microBatches: 9) {
            let simulator = try Simulator(schedule, edges: everyEdge(stages: schedule.stageCount, portalGradient: true))
            let times = StageTimes(
                stages: (0..<schedule.stageCount).map { .init(forward: 1 + Double($0), backward: 3) })
            let links = simulator.edges.map { LinkTime(latency: Double($0.from), secondsPerMessage: 0.5) }
            let timeline = try simulator.timeline(times: times, linkTimes: links)
            #expect(try simulator.step(times: times, linkTimes: links) == timeline.step)
            let spans = (0..<5).map { timeline.spans(rank: $0) }
            #expect(spans.map { $0.first?.start } == timeline.step.begin)
            #expect(spans.map { $0.last?.end } == timeline.step.end)
        }
    }

    @Test func `a thousand ranks are simulated`() throws {
        let step = try unitStep(.oneForwardOneBackward(stages: 1024, microBatches: 1024))
        #expect(step.makespan == 3 * (1024 + 1023))
    }

    @Test func `thousands of micro-batches are simulated`() throws {
        let timeline = try Schedule.oneForwardOneBackward(stages: 64, microBatches: 4096).simulate(
            edges: Edge.chain(stages: 64), times: .units(stages: 64), queueDepth: 2)
        #expect(timeline.makespan == 3 * (4096 + 63))
    }
}
