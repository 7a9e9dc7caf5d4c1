public import Runs

/// Idle over wall of one step over all ranks, from its events alone: quick enough for a progress line.
///
/// A rank's wall time here runs from its first event of the step to its last, so that no clock need be synchronised.
/// - Parameters:
///   - step: counted from 0.
///   - ranks: each rank's events; those of other steps are passed over.
/// - Returns: nil where no rank logged any time in that step.
public func bubbleFraction(ofStep step: Int, ranks: [[Event]]) -> Double? {
    var wall = 0.0
    var busy = 0.0
    for events in ranks {
        let own = events.filter { $0.step == step && $0.end >= $0.start }
        guard let first = own.map(\.start).min(), let last = own.map(\.end).max() else { continue }
        wall += Double(last - first)
        busy += own.reduce(0) { $0 + ($1.isBusy ? Double($1.end - $1.start) : 0) }
    }
    return wall > 0 ? min(1, max(0, 1 - busy / wall)) : nil
}
