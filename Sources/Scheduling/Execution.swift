/// Runs lowered programs over links of finite depth, with a clock for each rank.
///
/// Programs are sequential and links first-in first-out, so what happens does not depend on the order in which ranks
/// get their turn: a rank runs until it blocks and is woken by the message, or the room, that it waits for.
struct Execution {
    /// By rank: the operation it is at, and its time there.
    private(set) var position: [Int]
    private(set) var clock: [Double]
    /// By rank, by compute operation: when it began.
    private(set) var starts: [[Double]]
    private(set) var links: [LinkState]

    private let schedule: LoweredSchedule
    private let times: StageTimes
    private let linkTimes: [LinkTime]

    /// `linkTimes` by edge.
    init(_ schedule: LoweredSchedule, times: StageTimes, linkTimes: [LinkTime], queueDepth: Int) {
        precondition(queueDepth >= 1, "a link that holds \(queueDepth) messages")
        self.schedule = schedule
        self.times = times
        self.linkTimes = linkTimes
        position = [Int](repeating: 0, count: schedule.ranks.count)
        clock = [Double](repeating: 0, count: schedule.ranks.count)
        starts = [[Double]](repeating: [], count: schedule.ranks.count)
        links = schedule.messagesOfLink.map { LinkState(messages: $0, depth: queueDepth) }
        run()
    }

    func isDone(_ rank: Int) -> Bool { position[rank] == schedule.ranks[rank].operations.count }

    private mutating func run() {
        var ready = Array(schedule.ranks.indices.reversed())
        while let rank = ready.popLast() { advance(rank, waking: &ready) }
    }

    private mutating func advance(_ rank: Int, waking ready: inout [Int]) {
        let operations = schedule.ranks[rank].operations
        var at = position[rank]
        var now = clock[rank]
        loop: while at < operations.count {
            switch operations[at] {
            case .receive(let message):
                guard let arrival = links[message.link].receive(at: now) else { break loop }
                now = arrival
                if links[message.link].wakeSender() { ready.append(schedule.links[message.link].from) }
            case .compute(let instruction, _):
                starts[rank].append(now)
                now += times[instruction]
            case .send(let message):
                guard let sent = links[message.link].send(at: now, linkTimes[message.edge]) else { break loop }
                now = sent
                if links[message.link].wakeReceiver() { ready.append(schedule.links[message.link].to) }
            }
            at += 1
        }
        position[rank] = at
        clock[rank] = now
    }
}

/// A link's messages on their way: a ring of as many as it may hold.
struct LinkState {
    private(set) var sent = 0
    private(set) var received = 0
    private let depth: Int
    /// By sequence modulo the ring's size.
    private var arrivals: [Double]
    private var receipts: [Double]
    private var freeAt = 0.0
    private var senderWaits = false
    private var receiverWaits = false

    init(messages: Int, depth: Int) {
        self.depth = depth
        arrivals = [Double](repeating: 0, count: min(messages, depth))
        receipts = arrivals
    }

    /// When the sender goes on: at once where there is room, else when room was made. nil: the link is still full.
    mutating func send(at now: Double, _ time: LinkTime) -> Double? {
        guard sent - received < depth else {
            senderWaits = true
            return nil
        }
        let place = sent % arrivals.count
        let start = sent >= depth ? max(now, receipts[place]) : now
        freeAt = max(start, freeAt) + time.secondsPerMessage
        arrivals[place] = freeAt + time.latency
        sent += 1
        return start
    }

    /// When the receiver has the next message; nil: it is not sent yet.
    mutating func receive(at now: Double) -> Double? {
        guard received < sent else {
            receiverWaits = true
            return nil
        }
        let place = received % arrivals.count
        let receipt = max(now, arrivals[place])
        receipts[place] = receipt
        received += 1
        return receipt
    }

    mutating func wakeSender() -> Bool {
        defer { senderWaits = false }
        return senderWaits
    }

    mutating func wakeReceiver() -> Bool {
        defer { receiverWaits = false }
        return receiverWaits
    }
}
