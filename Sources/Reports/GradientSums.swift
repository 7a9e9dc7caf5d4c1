import Runs

/// What adding the gradients of replicas takes in a run's steps, and how much of that is waited for.
struct GradientSums {
    private var bytes: [Double]
    private var underWay: [Double]
    private var exposed: [Double]
    private let steps: Double

    /// nil where nothing was added.
    /// - Parameter steps: the numbers of those that count.
    init?(_ logs: [RankLog], steps: Set<Int>) {
        let none = [Double](repeating: 0, count: logs.count)
        (bytes, underWay, exposed) = (none, none, none)
        self.steps = Double(max(steps.count, 1))
        var isEmpty = true
        for (rank, log) in logs.enumerated() {
            for event in log.events where event.kind == .replicaSync && steps.contains(event.step) {
                isEmpty = false
                bytes[rank] += Double(event.bytes)
                exposed[rank] += Double(event.end) - Double(event.start)
                // Several stages of a rank: what one of them waits lies behind what the one before waited.
                underWay[rank] +=
                    Double(event.end) - Double(min(event.sent == 0 ? event.start : event.sent, event.start))
            }
        }
        if isEmpty { return nil }
    }

    /// By rank.
    var report: [BubbleReport.GradientSum] {
        bytes.indices.map { rank in
            BubbleReport.GradientSum(
                bytesPerStep: bytes[rank] / steps, underWayMs: underWay[rank] / steps / 1e6,
                exposedMs: exposed[rank] / steps / 1e6)
        }
    }
}

extension BubbleReport {
    /// For a terminal; nil where there is one replica.
    var gradientSumText: String? {
        guard let gradientSums else { return nil }
        let head =
            "Gradients of \(replicas ?? 1) replicas".padded(to: 28) + "per step".aligned(to: 10)
            + "under way".aligned(to: 11) + "waited".aligned(to: 9) + " ms/step" + "hidden".aligned(to: 10)
        let rows = zip(names, gradientSums).map { name, sum in
            "  \(name)".padded(to: 28) + Format.bytes(sum.bytesPerStep).aligned(to: 10)
                + Format.milliseconds(sum.underWayMs).aligned(to: 11)
                + Format.milliseconds(sum.exposedMs).aligned(to: 9) + "        "
                + Format.percent(sum.hidden).aligned(to: 10)
        }
        let limit = 16
        return
            ([head] + rows.prefix(limit)
            + (rows.count > limit ? ["  and \(rows.count - limit) workers more"] : [])).joined(separator: "\n")
    }
}
