/// A rank's clock against the coordinator's over a run: straight lines between readings, since clocks drift.
///
/// Processes of one machine share one clock, more exactly than any ping measures: where an offset of zero fits every
/// reading, it is taken. Clocks of two machines started at different boots and differ by far more than a reading's error.
package struct ClockCurve {
    /// Rising in both clocks; empty where the clocks are one.
    private let readings: [ClockReading]
    /// The least error of all readings.
    private let least: UInt64

    /// Readings that were much worse than most are left out: over a few seconds a clock runs straight. nil without any
    /// reading.
    package init?(_ all: [ClockReading]) {
        guard let least = all.map(\.error).min() else { return nil }
        self.least = least
        guard !all.allSatisfy(\.fitsOneClock) else {
            readings = []
            return
        }
        let errors = all.map(\.error).sorted()
        let limit = 4 * errors[errors.count / 2]
        var kept: [ClockReading] = []
        for reading in all where reading.error <= limit {
            guard let last = kept.last else {
                kept.append(reading)
                continue
            }
            if last.own < reading.own, last.coordinator < reading.coordinator { kept.append(reading) }
        }
        readings = kept
    }

    /// An instant of the rank's clock on the coordinator's; rises with `own`.
    package func coordinator(_ own: UInt64) -> UInt64 {
        guard let first = readings.first, let last = readings.last else { return own }
        guard own > first.own else { return Self.shifted(own, by: first.offset) }
        guard own < last.own else { return Self.shifted(own, by: last.offset) }
        let next = upper(own)
        let (from, to) = (readings[next - 1], readings[next])
        let share = Double(own - from.own) / Double(to.own - from.own)
        let span = to.coordinator - from.coordinator
        return from.coordinator + min(span, UInt64((share * Double(span)).rounded()))
    }

    /// How far `coordinator(_:)` may be off between two instants of the rank's clock.
    package func error(from first: UInt64, to last: UInt64) -> UInt64 {
        guard let begin = readings.first, let end = readings.last else { return least }
        let inside = readings.map(\.error).max() ?? 0
        let outside = max(begin.own - min(first, begin.own), max(last, end.own) - end.own)
        return inside + outside / Self.driftLimit
    }

    /// Quartz clocks of two machines drift apart by at most 100 ppm.
    private static let driftLimit: UInt64 = 10_000

    /// The place of the first reading after `own`.
    private func upper(_ own: UInt64) -> Int {
        var (low, high) = (0, readings.count)
        while low < high {
            let middle = (low + high) / 2
            if readings[middle].own <= own { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func shifted(_ own: UInt64, by offset: Int64) -> UInt64 {
        UInt64(clamping: Int64(clamping: own) &+ offset)
    }
}

extension RankLog {
    /// Puts the times of all ranks on the coordinator's clock, as far as their logs have readings of it.
    package static func synchronise(_ logs: inout [RankLog]) {
        let curves = Dictionary(logs.map { ($0.rank, ClockCurve($0.readings)) }) { first, _ in first }
        for index in logs.indices {
            let own = curves[logs[index].rank] ?? nil
            if let own, let first = logs[index].events.first, let last = logs[index].events.last {
                logs[index].clockOffset = 0
                logs[index].clockError = own.error(from: first.start, to: last.end)
            }
            for event in logs[index].events.indices {
                logs[index].events[event].synchronise(own: own) { curves[$0] ?? nil }
            }
        }
    }
}

extension Event {
    fileprivate mutating func synchronise(own: ClockCurve?, peer curve: (Int) -> ClockCurve?) {
        if let own {
            start = own.coordinator(start)
            end = own.coordinator(end)
        }
        if sent > 0, let peer, let other = curve(peer) { sent = other.coordinator(sent) }
    }
}
