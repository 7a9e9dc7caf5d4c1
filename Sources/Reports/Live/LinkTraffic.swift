import Runs

/// What a link carried in a few steps.
public struct LinkTraffic: Codable, Hashable, Sendable {
    /// The sending rank.
    public var from: Int
    /// The receiving rank.
    public var to: Int
    /// Messages per step, those that lay ready already too.
    public var messagesPerStep: Double
    /// Payload bytes per step.
    public var bytesPerStep: Double
    /// Payload in MB/s (10⁶ bytes), over the time that the receiver's events span.
    public var mbPerS: Double
    /// Milliseconds per step that the receiver waited for its messages.
    public var waitedMs: Double

    /// All figures are averages over the same steps.
    public init(
        from: Int, to: Int, messagesPerStep: Double, bytesPerStep: Double, mbPerS: Double, waitedMs: Double
    ) {
        self.from = from
        self.to = to
        self.messagesPerStep = messagesPerStep
        self.bytesPerStep = bytesPerStep
        self.mbPerS = mbPerS
        self.waitedMs = waitedMs
    }

    /// From the receivers' logs, over the time that each of them spans.
    static func of(_ logs: [RankLog]) -> [LinkTraffic] { logs.flatMap(received) }

    private static func received(_ log: RankLog) -> [LinkTraffic] {
        guard let first = log.events.first, let last = log.events.last, last.end > first.start else { return [] }
        let seconds = Double(last.end - first.start) / 1e9
        let steps = Double(last.step - first.step + 1)
        var totals: [Int: (messages: Double, bytes: Double, waited: Double)] = [:]
        // A message that lay ready already is taken over without a wait.
        for event in log.events where event.kind == .receiveWait || event.kind == .takeOver {
            guard let peer = event.peer else { continue }
            let total = totals[peer] ?? (0, 0, 0)
            totals[peer] = (
                total.messages + 1, total.bytes + Double(event.bytes),
                total.waited + (event.kind == .receiveWait ? Double(event.end - event.start) / 1e6 : 0)
            )
        }
        return totals.sorted { $0.key < $1.key }.map { peer, total in
            LinkTraffic(
                from: peer, to: log.rank, messagesPerStep: total.messages / steps, bytesPerStep: total.bytes / steps,
                mbPerS: total.bytes / 1e6 / seconds, waitedMs: total.waited / steps)
        }
    }
}
