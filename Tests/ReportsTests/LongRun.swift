import Reports
import Runs
import Scheduling

/// What two ranks log in a run of very many short steps, made as fast as it can be written.
struct LongRun {
    private static let microBatches = 2
    private static let period: UInt64 = 1_000_000

    static let description = RunDescription(
        name: "long", schedule: "1f1b", microBatches: microBatches,
        stages: (0..<2).map { StageDescription(rank: $0, firstLayer: $0, layers: ["linear"]) },
        devices: ["cpu:0", "cpu:1"], tokensPerStep: 64)

    /// Forwards take 0.1 ms, backwards 0.2, updates 0.05; rank 1 waits for rank 0's first forward, rank 0 for its
    /// gradients.
    static func events(step: Int, rank: Int) -> [Event] {
        var clock = UInt64(step + 1) * period
        var events: [Event] = []
        func add(_ kind: EventKind, _ pass: Pass?, _ microBatch: Int, _ length: UInt64, peer: Int? = nil) {
            events.append(
                Event(
                    kind, step: step, instruction: pass.map { Instruction($0, stage: rank, microBatch: microBatch) },
                    peer: peer, start: clock, end: clock + length, sent: peer == nil ? 0 : clock + length,
                    bytes: peer == nil ? 0 : 64))
            clock += length
        }
        let order: [(Pass, Int)] =
            rank == 0
            ? [(.forward, 0), (.forward, 1), (.backward, 0), (.backward, 1)]
            : [(.forward, 0), (.backward, 0), (.forward, 1), (.backward, 1)]
        for (pass, microBatch) in order {
            if (pass == .forward) == (rank == 1) { add(.receiveWait, pass, microBatch, 100_000, peer: 1 - rank) }
            add(pass == .forward ? .forward : .backward, pass, microBatch, pass == .forward ? 100_000 : 200_000)
        }
        add(.optimizer, nil, 0, 50_000)
        return events
    }

    static func chunk(step: Int, rank: Int) -> [UInt8] { EventLog.encode(events(step: step, rank: rank)[...]).bytes }

    /// Begins a directory whose events are within a budget.
    static func begin(_ directory: RunDirectory, budget: Int) throws -> EventStore {
        try directory.write(description)
        let store = EventStore(directory, budget: budget)
        for rank in 0..<2 { try store.register(RankLog(rank: rank, device: "cpu:\(rank)", host: "here")) }
        return store
    }

    /// Both ranks' steps, rank 1 always a step behind.
    static func write(_ steps: Range<Int>, to store: EventStore) throws {
        for step in steps.lowerBound..<steps.upperBound + 1 {
            if step < steps.upperBound { try store.append(chunk: chunk(step: step, rank: 0), rank: 0) }
            if step > steps.lowerBound { try store.append(chunk: chunk(step: step - 1, rank: 1), rank: 1) }
        }
    }
}
