/// A link's messages on their way, as many as it may hold, and when they were sent and taken.
struct LinkState {
    private var sent = 0
    private var received = 0
    private let depth: Int
    /// When each message that is on its way arrives: a ring that grows as needed, by sequence.
    private var arrivals: [Double] = [0]
    /// When the last `depth` messages were taken, by sequence modulo the depth; empty where the link never fills.
    private var receipts: [Double]
    private var freeAt = 0.0
    private var senderWaits = false
    private var receiverWaits = false
    private var history: LinkHistory?

    init(messages: Int, depth: Int, recordsHistory: Bool = false) {
        self.depth = depth
        receipts = [Double](repeating: 0, count: depth < messages ? depth : 0)
        history = recordsHistory ? LinkHistory() : nil
    }

    /// What was recorded; nil unless asked for.
    var recorded: LinkHistory? { history }

    /// When the sender goes on: at once where there is room, else when room was made. nil: the link is still full.
    mutating func send(at now: Double, _ time: LinkTime) -> Double? {
        guard sent - received < depth else {
            senderWaits = true
            return nil
        }
        let start = sent >= depth ? max(now, receipts[sent % depth]) : now
        freeAt = max(start, freeAt) + time.secondsPerMessage
        if sent - received == arrivals.count { growRing() }
        arrivals[sent & (arrivals.count - 1)] = freeAt + time.latency
        sent += 1
        history?.sent.append(start)
        return start
    }

    /// When the receiver has the next message; nil: it is not sent yet.
    mutating func receive(at now: Double) -> Double? {
        guard received < sent else {
            receiverWaits = true
            return nil
        }
        let receipt = max(now, arrivals[received & (arrivals.count - 1)])
        if !receipts.isEmpty { receipts[received % depth] = receipt }
        received += 1
        history?.taken.append(receipt)
        return receipt
    }

    /// Whether the receiver has taken the message of this sequence.
    func hasTaken(_ sequence: Int) -> Bool { received > sequence }

    mutating func wakeSender() -> Bool {
        defer { senderWaits = false }
        return senderWaits
    }

    mutating func wakeReceiver() -> Bool {
        defer { receiverWaits = false }
        return receiverWaits
    }

    /// The ring's size is a power of two.
    private mutating func growRing() {
        var larger = [Double](repeating: 0, count: 2 * arrivals.count)
        for sequence in received..<sent {
            larger[sequence & (larger.count - 1)] = arrivals[sequence & (arrivals.count - 1)]
        }
        arrivals = larger
    }
}

/// When a link's messages were sent and taken, by sequence.
struct LinkHistory {
    var sent: [Double] = []
    var taken: [Double] = []

    /// The most messages that lay on the link at one time. One that is taken in the instant in which another is sent
    /// counts beside it if `together`.
    func peak(together: Bool) -> Int {
        var gone = 0
        var peak = 0
        for (index, time) in sent.enumerated() {
            while gone < index && (together ? taken[gone] < time : taken[gone] <= time) { gone += 1 }
            peak = max(peak, index + 1 - gone)
        }
        return peak
    }
}
