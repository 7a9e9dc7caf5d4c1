import Reports
import Runs
import Scheduling

/// Event logs of a run that never happened, from delays that a test chooses: a small pipeline simulator of its own.
struct FabricatedRun {
    var stages = 4
    var microBatches = 8
    var steps = 6
    var gpipe = false
    /// Whether every step ends with a wait for all ranks.
    var barrier = false
    /// (step, stage, micro-batch) → nanoseconds
    var forward: (Int, Int, Int) -> UInt64 = { _, _, _ in 10_000_000 }
    var backward: (Int, Int, Int) -> UInt64 = { _, _, _ in 20_000_000 }
    /// (from, to) → nanoseconds
    var latency: (Int, Int) -> UInt64 = { _, _ in 0 }
    /// Before a forward of stage 0: (step, micro-batch) → nanoseconds
    var dataWait: (Int, Int) -> UInt64 = { _, _ in 0 }
    /// After an instruction, before its message is handed over: (step, stage, micro-batch) → nanoseconds
    var sendWait: (Int, Int, Int) -> UInt64 = { _, _, _ in 0 }
    var optimizer: UInt64 = 1_000_000
    /// Before every instruction.
    var overhead: UInt64 = 0
    /// Nanoseconds that a rank's clock is behind the coordinator's.
    var clockOffset: (Int) -> Int64 = { _ in 0 }
    /// False: a message that came in time leaves no event.
    var logsEveryReceive = true

    var description: RunDescription {
        RunDescription(
            name: "fabricated", schedule: gpipe ? "gpipe" : "1f1b", microBatches: microBatches,
            stages: (0..<stages).map {
                StageDescription(rank: $0, firstLayer: $0 * 3, layers: ["transformer", "transformer", "transformer"])
            },
            devices: (0..<stages).map { "cpu:\($0)" }, tokensPerStep: 4096, flopsPerToken: 6e6)
    }

    func logs() -> [RankLog] {
        var simulation = Simulation(run: self)
        return simulation.logs()
    }

    func report(skip: Int = 2) throws -> BubbleReport { try BubbleReport(description, logs: logs(), skip: skip) }

    func order(of stage: Int) -> [Instruction] {
        let warm = gpipe ? microBatches : min(microBatches, stages - stage - 1)
        var order = (0..<warm).map { Instruction(.forward, stage: stage, microBatch: $0) }
        for index in 0..<microBatches {
            if warm + index < microBatches {
                order.append(Instruction(.forward, stage: stage, microBatch: warm + index))
            }
            order.append(Instruction(.backward, stage: stage, microBatch: index))
        }
        return order
    }
}

/// Runs a `FabricatedRun`, rank by rank, until everybody is done.
private struct Simulation {
    struct Key: Hashable {
        var step: Int
        var instruction: Instruction
    }

    let run: FabricatedRun
    /// When each instruction's message was handed over.
    var sent: [Key: UInt64] = [:]
    var clock: [UInt64]
    var events: [[Event]]

    init(run: FabricatedRun) {
        self.run = run
        clock = Array(repeating: 1_000_000_000, count: run.stages)
        events = Array(repeating: [], count: run.stages)
    }

    mutating func logs() -> [RankLog] {
        let program = (0..<run.stages).map { stage in
            (0..<run.steps).flatMap { step in run.order(of: stage).map { Key(step: step, instruction: $0) } }
        }
        var position = Array(repeating: 0, count: run.stages)
        var moved = true
        while moved {
            moved = false
            for rank in 0..<run.stages {
                while position[rank] < program[rank].count, execute(program[rank][position[rank]], rank) {
                    position[rank] += 1
                    moved = true
                    let perStep = 2 * run.microBatches
                    guard position[rank] % perStep == 0 else { continue }
                    if run.barrier { break }
                    finish(step: position[rank] / perStep - 1, rank)
                }
            }
            if run.barrier { moved = passBarrier(position) || moved }
        }
        return (0..<run.stages).map(log)
    }

    /// When all stand at a step's end: everyone waits for the last, then updates.
    private var barriers = 0
    mutating func passBarrier(_ position: [Int]) -> Bool {
        let due = (barriers + 1) * 2 * run.microBatches
        guard barriers < run.steps, position.allSatisfy({ $0 == due }) else { return false }
        let last = clock.max() ?? 0
        for rank in clock.indices {
            add(.gradientSync, step: barriers, rank, until: last + 50_000)
            finish(step: barriers, rank)
        }
        barriers += 1
        return true
    }

    mutating func finish(step: Int, _ rank: Int) {
        add(.optimizer, step: step, rank, until: clock[rank] + run.optimizer)
    }

    mutating func add(
        _ kind: EventKind, step: Int, _ rank: Int, until end: UInt64, instruction: Instruction? = nil,
        peer: Int? = nil, sent: UInt64 = 0, bytes: Int = 0
    ) {
        events[rank].append(
            Event(
                kind, step: step, instruction: instruction, peer: peer, start: clock[rank], end: end, sent: sent,
                bytes: bytes))
        clock[rank] = end
    }

    mutating func execute(_ key: Key, _ rank: Int) -> Bool {
        if run.barrier, key.step > barriers { return false }
        let instruction = key.instruction
        let forward = instruction.pass == .forward
        let source = rank + (forward ? -1 : 1)
        if (0..<run.stages).contains(source) {
            let need = Key(
                step: key.step,
                instruction: Instruction(instruction.pass, stage: source, microBatch: instruction.microBatch))
            guard let sent = sent[need] else { return false }
            clock[rank] += run.overhead
            let arrival = max(clock[rank], sent + run.latency(source, rank))
            if run.logsEveryReceive || arrival > clock[rank] {
                add(
                    .receiveWait, step: key.step, rank, until: arrival, instruction: instruction, peer: source,
                    sent: sent, bytes: 65_536)
            }
        } else {
            clock[rank] += run.overhead
            if forward, run.dataWait(key.step, instruction.microBatch) > 0 {
                add(
                    .dataWait, step: key.step, rank, until: clock[rank] + run.dataWait(key.step, instruction.microBatch)
                )
            }
        }
        let duration = (forward ? run.forward : run.backward)(key.step, rank, instruction.microBatch)
        add(
            forward ? .forward : .backward, step: key.step, rank, until: clock[rank] + duration,
            instruction: instruction)
        let target = rank + (forward ? 1 : -1)
        if (0..<run.stages).contains(target) {
            let wait = run.sendWait(key.step, rank, instruction.microBatch)
            if wait > 0 {
                add(
                    .sendWait, step: key.step, rank, until: clock[rank] + wait, instruction: instruction, peer: target)
            }
            sent[key] = clock[rank]
        }
        return true
    }

    /// The rank's log on its own clock.
    func log(_ rank: Int) -> RankLog {
        let offset = run.clockOffset(rank)
        func own(_ time: UInt64) -> UInt64 { UInt64(Int64(time) - offset) }
        var log = RankLog(rank: rank, device: "cpu:\(rank)", host: "here", clockOffset: offset)
        log.events = events[rank].map { event in
            var event = event
            event.start = own(event.start)
            event.end = own(event.end)
            if event.sent > 0, let peer = event.peer {
                event.sent = UInt64(Int64(event.sent) - run.clockOffset(peer))
            }
            return event
        }
        return log
    }
}
