/// Runs a schedule over links of finite depth, with a clock for each rank.
///
/// Each rank does what `lower(edges:)` derives for it, in that order: an instruction's receives, the instruction, its
/// sends. Ranks are sequential and links first-in first-out, so the result does not depend on the order in which ranks
/// are simulated: a rank runs until it blocks, and continues when its message, or the room it waits for, is there.
///
/// `Replay` in Reports is another simulator: it repeats what a run logged. This one needs no log, and models what a log
/// does not tell: links that fill, and how long a message occupies one. Millions of instructions are run for each plan, so
/// that it keeps nothing of them but clocks.
struct Execution {
    private(set) var ranks: [RankState]
    private(set) var links: [LinkState]
    /// By rank, by instruction: when it began. Empty unless recorded.
    private(set) var starts: [[Double]]

    private let schedule: Schedule
    private let routes: Routes
    private let times: StageTimes
    private let linkTimes: [LinkTime]
    private let records: Records

    struct Records: OptionSet {
        let rawValue: Int
        static let starts = Records(rawValue: 1)
        static let links = Records(rawValue: 2)
    }

    struct RankState {
        /// The instruction it is at, whether that is computed, and how many of its messages are sent.
        var at = 0
        var isComputed = false
        var sent = 0
        /// Receives, instructions and sends done: the position in the lowered program.
        var operations = 0
        var clock = 0.0
        /// Where the first instruction began and the last one ended, and the computing between them.
        var begin = 0.0
        var end = 0.0
        var busy = 0.0
    }

    /// `linkTimes` by edge, `queueDepths` by link.
    init(
        _ schedule: Schedule, _ routes: Routes, times: StageTimes, linkTimes: [LinkTime], queueDepths: [Int],
        records: Records = []
    ) {
        self.schedule = schedule
        self.routes = routes
        self.times = times
        self.linkTimes = linkTimes
        self.records = records
        ranks = [RankState](repeating: RankState(), count: schedule.rankCount)
        links = zip(routes.messagesOfLink, queueDepths).map {
            LinkState(messages: $0, depth: $1, recordsHistory: records.contains(.links))
        }
        starts = schedule.ranks.map { instructions in
            var starts: [Double] = []
            if records.contains(.starts) { starts.reserveCapacity(instructions.count) }
            return starts
        }
        run()
    }

    func isDone(_ rank: Int) -> Bool { ranks[rank].at == schedule.ranks[rank].count }

    var isDone: Bool { ranks.indices.allSatisfy(isDone) }

    private mutating func run() {
        var ready = Array(schedule.ranks.indices.reversed())
        while let rank = ready.popLast() {
            var state = ranks[rank]
            advance(rank, &state, waking: &ready)
            ranks[rank] = state
        }
    }

    private mutating func advance(_ rank: Int, _ state: inout RankState, waking ready: inout [Int]) {
        let instructions = schedule.ranks[rank]
        while state.at < instructions.count {
            let instruction = instructions[state.at]
            if !state.isComputed {
                guard receive(for: instruction, &state, waking: &ready) else { return }
                compute(instruction, rank, &state)
            }
            guard send(of: instruction, &state, waking: &ready) else { return }
            state.at += 1
            state.isComputed = false
            state.sent = 0
        }
    }

    private mutating func receive(
        for instruction: Instruction, _ state: inout RankState, waking ready: inout [Int]
    ) -> Bool {
        for position in routes.needs(instruction) {
            let (route, sequence) = routes.need(position, of: instruction)
            while !links[route.link].hasTaken(sequence) {
                guard let arrival = links[route.link].receive(at: state.clock) else { return false }
                state.clock = arrival
                state.operations += 1
                if links[route.link].wakeSender() { ready.append(routes.links[route.link].from) }
            }
        }
        return true
    }

    private mutating func compute(_ instruction: Instruction, _ rank: Int, _ state: inout RankState) {
        if records.contains(.starts) { starts[rank].append(state.clock) }
        if state.at == 0 { state.begin = state.clock }
        let seconds = times[instruction]
        state.clock += seconds
        state.busy += seconds
        state.end = state.clock
        state.operations += 1
        state.isComputed = true
    }

    private mutating func send(
        of instruction: Instruction, _ state: inout RankState, waking ready: inout [Int]
    ) -> Bool {
        for position in routes.makes(instruction).dropFirst(state.sent) {
            let route = routes.made(position, by: instruction).route
            guard let sent = links[route.link].send(at: state.clock, linkTimes[route.edge]) else { return false }
            state.clock = sent
            state.sent += 1
            state.operations += 1
            if links[route.link].wakeReceiver() { ready.append(routes.links[route.link].to) }
        }
        return true
    }
}
