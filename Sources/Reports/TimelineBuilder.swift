import Runs
import Scheduling

/// Builds a timeline: cut to finished steps, clocks applied, holes filled, messages tied to the instructions that made them.
struct TimelineBuilder {
    private struct Produced: Hashable {
        var step: Int
        var instruction: Instruction
    }
    private struct Need: Hashable {
        var instruction: Instruction
        var peer: Int
    }

    private let description: RunDescription
    private let logs: [RankLog]
    private var timeline = ActivityTimeline()
    private var placeOfStep: [Int: Int] = [:]
    private var classIndex: [WorkClass: Int] = [:]
    private var producers: [Produced: Int] = [:]
    /// The instruction whose message each receive waits for, where that is known.
    private var needs: [Int: Produced] = [:]

    init(_ description: RunDescription, logs: [RankLog]) throws {
        try description.check(file: description.name)
        self.description = description
        self.logs = logs.sorted { $0.rank < $1.rank }
        for (rank, device) in description.devices.enumerated() {
            let found = self.logs.indices.contains(rank) ? self.logs[rank].rank : -1
            guard found == rank else {
                throw RunError.inconsistent(
                    rank: rank, step: 0, expected: "one log of the rank on \(device)", got: "none")
            }
        }
        guard self.logs.count == description.devices.count else {
            throw RunError.inconsistent(
                rank: self.logs.last?.rank ?? 0, step: 0, expected: "\(description.devices.count) ranks",
                got: "\(self.logs.count) logs")
        }
    }

    mutating func build(skip: Int) throws -> ActivityTimeline {
        timeline.steps = try FinishedSteps(description, logs: logs).steps
        // An evaluation is a hole as well: behind it the ranks begin anew.
        let evaluated = Set(logs.flatMap { $0.events.lazy.filter { $0.kind.isBetweenSteps }.map(\.step) })
        timeline.isBehindHole = zip(timeline.steps, [-1] + timeline.steps).map {
            $0 != $1 + 1 || evaluated.contains($0)
        }
        if !timeline.steps.isEmpty { timeline.isBehindHole[0] = false }
        placeOfStep = Dictionary(uniqueKeysWithValues: timeline.steps.enumerated().map { ($1, $0) })
        for log in logs { try append(log) }
        timeline.findMedians(skip: skip)
        tieMessages()
        estimateLatencies()
        return timeline
    }

    // MARK: One rank

    private mutating func append(_ log: RankLog) throws {
        let first = timeline.activities.count
        var cursor: Int64?
        var received: Set<Need> = []
        var syncs = (step: -1, count: 0)
        var lastStep = -1
        for event in log.events {
            guard let step = placeOfStep[event.step], !event.kind.isBetweenSteps else { continue }
            var activity = try self.activity(event, of: log, step: step)
            if step != lastStep, timeline.isBehindHole[step] { cursor = try begin(activity, after: cursor, event) }
            lastStep = step
            try fillGap(from: cursor ?? activity.start, before: activity, of: event)
            cursor = activity.end
            if activity.kind == .receive, let instruction = event.instruction {
                received.insert(Need(instruction: instruction, peer: activity.peer))
                needs[timeline.activities.count] = need(of: instruction, from: activity.peer, step: step)
            }
            if activity.kind == .sync {
                syncs = syncs.step == step ? (step, syncs.count + 1) : (step, 0)
                activity.group = syncs.count
                activity.team =
                    event.kind == .replicaSync
                    ? description.position(of: log.rank) * description.shardCount + log.rank % description.shardCount
                    : -1
            }
            if activity.kind == .work, let instruction = event.instruction {
                appendSilentReceive(before: activity, of: instruction, received: &received)
                producers[Produced(step: step, instruction: instruction)] = timeline.activities.count
            }
            timeline.activities.append(activity)
        }
        timeline.ranges.append(first..<timeline.activities.count)
        timeline.clockErrors.append(Int64(clamping: log.clockError))
    }

    private mutating func activity(_ event: Event, of log: RankLog, step: Int) throws -> Activity {
        let limit = EventLog.valueLimit
        guard event.start <= event.end, event.end < limit, event.sent < limit, log.clockOffset.magnitude < limit else {
            throw RunError.inconsistent(
                rank: log.rank, step: event.step, expected: "start ≤ end, below 2^60 ns",
                got: "\(event.start), \(event.end)")
        }
        let (kind, category) = event.kind.role
        var activity = Activity(
            kind: kind, category: category, rank: log.rank, step: step, start: Int64(event.start) + log.clockOffset,
            end: Int64(event.end) + log.clockOffset)
        activity.peer = event.peer.map { logs.indices.contains($0) && $0 != log.rank ? $0 : -1 } ?? -1
        activity.bytes = event.bytes
        activity.instruction = event.instruction
        activity.wasThere = event.kind == .takeOver
        if event.sent > 0, activity.peer >= 0 {
            activity.sent = Int64(event.sent) + logs[activity.peer].clockOffset
        }
        if kind == .work {
            activity.workClass = index(
                of: WorkClass(category: category, rank: log.rank, stage: event.instruction?.stage ?? -1))
            activity.isForward = category == .forward
        }
        return activity
    }

    private mutating func index(of workClass: WorkClass) -> Int {
        if let known = classIndex[workClass] { return known }
        timeline.classes.append(workClass)
        classIndex[workClass] = timeline.classes.count - 1
        return timeline.classes.count - 1
    }

    /// Where a rank's time starts anew: behind a hole in the sample.
    private func begin(_ activity: Activity, after cursor: Int64?, _ event: Event) throws -> Int64 {
        guard activity.start >= cursor ?? activity.start else {
            throw RunError.inconsistent(
                rank: activity.rank, step: event.step, expected: "events that follow each other",
                got: "one that starts before step \(event.step) did")
        }
        return activity.start
    }

    private mutating func fillGap(from cursor: Int64, before activity: Activity, of event: Event) throws {
        guard activity.start >= cursor else {
            throw RunError.inconsistent(
                rank: activity.rank, step: event.step, expected: "events that follow each other",
                got: "\(event.kind) that starts \(cursor - activity.start) ns before the previous one ended")
        }
        guard activity.start > cursor else { return }
        timeline.activities.append(
            Activity(
                kind: .gap, category: .unattributed, rank: activity.rank, step: activity.step, start: cursor,
                end: activity.start))
    }

    // MARK: Messages

    /// What stage `instruction.stage` needs from `peer` before this instruction.
    private func need(of instruction: Instruction, from peer: Int, step: Int) -> Produced? {
        let owned = description.stages(of: peer)
        switch instruction.pass {
        case .forward:
            guard let stage = owned.last(where: { $0 < instruction.stage }) else { return nil }
            return Produced(
                step: step, instruction: Instruction(.forward, stage: stage, microBatch: instruction.microBatch))
        case .backward, .backwardInput:
            guard let stage = owned.first(where: { $0 > instruction.stage }) else { return nil }
            return Produced(
                step: step, instruction: Instruction(.backward, stage: stage, microBatch: instruction.microBatch))
        case .backwardWeight:
            return nil
        }
    }

    /// A message that was there in time may have left no event: the instruction depends on it all the same.
    private mutating func appendSilentReceive(
        before activity: Activity, of instruction: Instruction, received: inout Set<Need>
    ) {
        guard let stage = instruction.awaitedStage, description.stages.indices.contains(stage) else { return }
        let peer = description.rank(ofStage: stage, besides: activity.rank)
        guard peer != activity.rank else { return }
        let need = Need(instruction: instruction, peer: peer)
        guard received.remove(need) == nil else { return }
        guard let produced = self.need(of: instruction, from: peer, step: activity.step) else { return }
        var receive = Activity(
            kind: .receive, category: .transfer, rank: activity.rank, step: activity.step, start: activity.start,
            end: activity.start)
        receive.peer = peer
        needs[timeline.activities.count] = produced
        timeline.activities.append(receive)
    }

    private mutating func tieMessages() {
        for index in timeline.activities.indices {
            if let need = needs[index], let producer = producer(of: need) { tie(index, to: producer) }
        }
        timeline.gatherSyncs()
    }

    private func producer(of need: Produced) -> Int? {
        if let found = producers[need] { return found }
        var half = need
        half.instruction.pass = .backwardInput
        return need.instruction.pass == .backward ? producers[half] : nil
    }

    private mutating func tie(_ index: Int, to producer: Int) {
        let made = timeline.activities[producer]
        var receive = timeline.activities[index]
        receive.dependency = producer
        if receive.sent == 0 { receive.sent = made.end }
        receive.offset = receive.sent - made.end
        let following = timeline.activities[(producer + 1)...].prefix(3).first {
            $0.kind != .gap && $0.kind != .receive
        }
        if let following, following.rank == made.rank, [.sendWait, .handOver].contains(following.kind) {
            receive.heldBy = following.category
        }
        timeline.activities[index] = receive
    }

    /// A message that was waited for shows its latency; one that came in time is assumed to have taken its link's
    /// median, as far as it then still came in time.
    private mutating func estimateLatencies() {
        var seen: [Link: [Int64]] = [:]
        for receive in timeline.activities where receive.kind == .receive && receive.peer >= 0 && receive.hasWaited {
            guard receive.sent != 0 else { continue }
            seen[Link(from: receive.peer, to: receive.rank), default: []].append(max(0, receive.end - receive.sent))
        }
        let medians = seen.mapValues { median($0) }
        for index in timeline.activities.indices where timeline.activities[index].kind == .receive {
            let receive = timeline.activities[index]
            let usual = medians[Link(from: receive.peer, to: receive.rank)] ?? 0
            let known = max(0, receive.end - receive.sent)
            timeline.activities[index].latency = receive.hasWaited ? known : min(usual, known)
        }
    }
}
