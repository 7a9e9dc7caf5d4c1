import Scheduling
import Testing

/// What must hold for all generators alike: p ≤ 8, m ≤ 24, v ≤ 3, over boundaries, targets and a portal.
@Suite struct EveryScheduleTests {
    @Test(arguments: 1...8) func `schedules run at the queue depth they need`(ranks: Int) throws {
        for microBatches in 1...24 {
            for schedule in try generated(ranks: ranks, microBatches: microBatches) {
                let edges = everyEdge(stages: schedule.stageCount, portalGradient: microBatches.isMultiple(of: 2))
                let depth = try #require(try schedule.smallestQueueDepth(edges: edges))
                try schedule.validate(edges: edges, queueDepth: depth)
                #expect(depth == 1 || message { try schedule.validate(edges: edges, queueDepth: depth - 1) } != "")
                let lowered = try schedule.lower(edges: edges)
                #expect(lowered.finishes(queueDepths: lowered.links.map { _ in depth }))
                #expect(depth == 1 || !lowered.finishes(queueDepths: lowered.links.map { _ in depth - 1 }))
            }
        }
    }

    @Test(arguments: 1...8) func `queue depths per link cost no time`(ranks: Int) throws {
        for microBatches in [1, 2, 3, 5, 8, 13, 24] {
            for schedule in try generated(ranks: ranks, microBatches: microBatches) {
                let edges = everyEdge(stages: schedule.stageCount, portalGradient: true)
                let simulator = try Simulator(schedule, edges: edges)
                let depths = try schedule.queueDepths(edges: edges)
                #expect(zip(depths, simulator.messagesOfLink).allSatisfy { $0 >= 1 && $0 <= $1 })
                let times = StageTimes.units(stages: schedule.stageCount)
                let free = [LinkTime](repeating: .free, count: edges.count)
                let bounded = try simulator.timeline(times: times, linkTimes: free, queueDepths: depths)
                #expect(bounded == (try simulator.timeline(times: times, linkTimes: free)), "\(schedule.name)")
                #expect(try schedule.lower(edges: edges).finishes(queueDepths: depths))
                try schedule.validate(edges: edges, queueDepths: depths)
            }
        }
    }

    @Test(arguments: 1...8) func `passes of a stage run in the order of the micro-batches`(ranks: Int) throws {
        for microBatches in 1...24 {
            for schedule in try generated(ranks: ranks, microBatches: microBatches) {
                let all = Array(0..<microBatches)
                for (stage, rank) in schedule.rankOfStage.enumerated() {
                    let own = schedule.ranks[rank].filter { $0.stage == stage }
                    let byPass = Dictionary(grouping: own, by: \.pass).mapValues { $0.map(\.microBatch) }
                    #expect(byPass.values.allSatisfy { $0 == all }, "\(schedule.name)")
                }
            }
        }
    }

    @Test(arguments: 1...8) func `every message is received once, in its link's order`(ranks: Int) throws {
        for microBatches in [1, 2, 3, 4, 7, 8, 9, 16, 23, 24] {
            for schedule in try generated(ranks: ranks, microBatches: microBatches) {
                let edges = everyEdge(stages: schedule.stageCount, portalGradient: true)
                let lowered = try schedule.lower(edges: edges)
                var sends = [[Message]](repeating: [], count: lowered.links.count)
                var receives = sends
                for program in lowered.ranks {
                    for message in program.sends { sends[message.link].append(message) }
                    for message in program.receives { receives[message.link].append(message) }
                }
                #expect(sends == receives)
                let remote = edges.filter { schedule.rankOfStage[$0.from] != schedule.rankOfStage[$0.to] }
                let perMicroBatch = remote.reduce(0) { $0 + ($1.carriesGradient ? 2 : 1) }
                #expect(sends.joined().count == perMicroBatch * microBatches)
                #expect(Set(sends.joined()).count == perMicroBatch * microBatches)
            }
        }
    }

    @Test(arguments: 1...8) func `messages precede their use, and slots never overlap`(ranks: Int) throws {
        for microBatches in [1, 2, 3, 4, 7, 8, 9, 16, 23, 24] {
            for schedule in try generated(ranks: ranks, microBatches: microBatches) {
                let edges = everyEdge(stages: schedule.stageCount, portalGradient: true)
                let lowered = try schedule.lower(edges: edges)
                #expect(lowered.firstMisuse(of: schedule) == nil, "\(schedule.name) \(ranks) \(microBatches)")
            }
        }
    }

    @Test(arguments: 1...8) func `forwards alone need no deeper queues, other links or more slots`(ranks: Int) throws {
        for microBatches in [1, 2, 3, 4, 7, 8, 9, 16, 23, 24] {
            for schedule in try generated(ranks: ranks, microBatches: microBatches) {
                let edges = everyEdge(stages: schedule.stageCount, portalGradient: true)
                let depth = try #require(
                    try schedule.smallestQueueDepth(edges: edges, atLeast: max(2, schedule.stageCount)))
                let forward = schedule.forwardOnly
                try forward.validate(edges: edges, queueDepth: depth)
                let (whole, lowered) = (try schedule.lower(edges: edges), try forward.lower(edges: edges))
                #expect(lowered.firstMisuse(of: forward) == nil, "\(schedule.name) \(ranks) \(microBatches)")
                #expect(lowered.links == whole.links)
                #expect(lowered.finishes(queueDepths: lowered.links.map { _ in depth }))
                #expect(
                    zip(lowered.slotCount, whole.slotCount).allSatisfy { $0 <= $1 },
                    "\(schedule.name) \(ranks) \(microBatches): \(lowered.slotCount) \(whole.slotCount)")
                #expect(lowered.deferredCount.allSatisfy { $0 == 0 })
            }
        }
    }

    @Test func `schedules print and parse back`() throws {
        for schedule in try generated(ranks: 4, microBatches: 9) {
            #expect(try Schedule(parsing: schedule.description, name: schedule.name) == schedule)
        }
    }

    @Test func `depths of a large schedule stay small`() throws {
        for name in ["1f1b", "zb-h1", "zb-h2", "interleaved", "zb-v", "v-half"] {
            let schedule = try Schedule.named(name, ranks: 64, microBatches: 512)
            let depths = try schedule.queueDepths(edges: Edge.chain(stages: schedule.stageCount))
            #expect((depths.max() ?? 0) <= 2 * 64, "\(name) \(depths.max() ?? 0)")
        }
    }
}

extension LoweredSchedule {
    /// The naive twin of the simulator: takes turns over the lowered operations, without clocks.
    fileprivate func finishes(queueDepths: [Int]) -> Bool {
        var at = [Int](repeating: 0, count: ranks.count)
        var onTheWay = [Int](repeating: 0, count: links.count)
        var moved = true
        while moved {
            moved = false
            for (rank, program) in ranks.enumerated() {
                steps: while at[rank] < program.operations.count {
                    switch program.operations[at[rank]] {
                    case .receive(let message):
                        guard onTheWay[message.link] > 0 else { break steps }
                        onTheWay[message.link] -= 1
                    case .send(let message):
                        guard onTheWay[message.link] < queueDepths[message.link] else { break steps }
                        onTheWay[message.link] += 1
                    case .compute, .reduce, .gather: break
                    }
                    at[rank] += 1
                    moved = true
                }
            }
        }
        return zip(at, ranks).allSatisfy { $0 == $1.operations.count }
    }

    /// Plays every rank's program against what its instructions need: their messages, or their neighbours on the same
    /// rank, and an activation slot that is theirs alone from the first message, or the forward, to the last half.
    fileprivate func firstMisuse(of schedule: Schedule) -> String? {
        struct Place: Hashable {
            var stage: Int
            var slot: Int
        }
        struct Arrival: Hashable {
            var edge: Int
            var direction: Message.Direction
            var microBatch: Int
        }
        for (rank, program) in ranks.enumerated() {
            var holders: [Place: Int] = [:]
            var arrived: Set<Arrival> = []
            var done: Set<Instruction> = []
            func hold(_ stage: Int, _ microBatch: Int) -> Bool {
                let place = Place(stage: stage, slot: slot(stage: stage, microBatch: microBatch))
                defer { holders[place] = microBatch }
                return place.slot < slotCount[stage] && (holders[place] ?? microBatch) == microBatch
            }
            for operation in program.operations {
                switch operation {
                case .receive(let message):
                    arrived.insert(
                        Arrival(edge: message.edge, direction: message.direction, microBatch: message.microBatch))
                    if message.direction == .forward && !hold(edges[message.edge].to, message.microBatch) {
                        return "\(message) arrives in a slot that is taken"
                    }
                case .send(let message):
                    let edge = edges[message.edge]
                    let isForward = message.direction == .forward
                    let maker = isForward ? edge.from : edge.to
                    let passes: [Pass] = isForward ? [.forward] : [.backward, .backwardInput]
                    let made = passes.contains {
                        done.contains(Instruction($0, stage: maker, microBatch: message.microBatch))
                    }
                    if !made { return "\(message) is sent before it is made" }
                case .reduce, .gather: continue
                case .compute(let instruction, let slot):
                    let (stage, microBatch) = (instruction.stage, instruction.microBatch)
                    let isForward = instruction.pass == .forward
                    for (index, edge) in edges.enumerated() where instruction.pass != .backwardWeight {
                        guard (isForward ? edge.to : edge.from) == stage, isForward || edge.carriesGradient
                        else { continue }
                        let other = isForward ? edge.from : edge.to
                        let direction: Message.Direction = isForward ? .forward : .backward
                        let has =
                            schedule.rankOfStage[other] == rank
                            ? [Pass.backward, .backwardInput, .forward].contains {
                                ($0 == .forward) == isForward
                                    && done.contains(Instruction($0, stage: other, microBatch: microBatch))
                            }
                            : arrived.contains(Arrival(edge: index, direction: direction, microBatch: microBatch))
                        if !has { return "\(instruction) has not what it needs of \(edge)" }
                    }
                    let place = Place(stage: stage, slot: slot)
                    if !hold(stage, microBatch) || holders[place] != microBatch {
                        return "\(instruction) works in a slot that is not its own"
                    }
                    if [.backward, .backwardWeight].contains(instruction.pass) { holders[place] = nil }
                    for giver in schedule.rankOfStage.indices where schedule.isForwardOnly {
                        let users = edges.filter { $0.from == giver && schedule.rankOfStage[$0.to] == rank }.map(\.to)
                        guard schedule.rankOfStage[giver] == rank, stage == users.max() ?? giver else { continue }
                        holders[Place(stage: giver, slot: self.slot(stage: giver, microBatch: microBatch))] = nil
                    }
                    done.insert(instruction)
                }
            }
            if !holders.isEmpty { return "rank \(rank) keeps slots" }
        }
        return nil
    }
}
