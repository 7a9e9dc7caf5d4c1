import Runs
import Scheduling

/// Which steps every rank finished: those where each of its stages ran every micro-batch forward and backward.
struct FinishedSteps {
    /// Rising.
    let steps: [Int]

    /// A step that is incomplete because the run ended in it is left out; one with finished steps after it is an error.
    init(_ description: RunDescription, logs: [RankLog]) throws {
        var finished: [[Int]] = []
        for log in logs {
            let counts = try Self.counts(log)
            let stages = description.stages(of: log.rank).count
            let (expected, overflow) = stages.multipliedReportingOverflow(
                by: 2 * min(description.microBatches, 1 << 40))
            let own = Self.withoutCutOff(counts.filter { !overflow && $0.passes == expected })
            finished.append(own)
            try Self.checkMiddle(counts, expected: expected, last: own.last ?? -1, rank: log.rank)
        }
        let last = finished.map { $0.last ?? -1 }.min() ?? -1
        let common = finished.map { $0.filter { $0 <= last } }
        steps = common.first ?? []
        for (log, own) in zip(logs, common) where own != steps {
            let missing = Set(own).symmetricDifference(steps).min() ?? 0
            throw RunError.inconsistent(
                rank: log.rank, step: missing, expected: "the steps of rank \(logs[0].rank)",
                got: "a step that only one of them has")
        }
    }

    private struct Count {
        var step: Int
        var passes = 0
        var updates = 0
    }

    /// The last step counts only with the optimizer's update, where earlier ones have it.
    private static func withoutCutOff(_ finished: [Count]) -> [Int] {
        let isCutOff = finished.last?.updates == 0 && finished.contains { $0.updates > 0 }
        return (isCutOff ? finished.dropLast() : finished).map(\.step)
    }

    /// Forwards and backwards (whole, or the input half) per step, in the order of the log.
    private static func counts(_ log: RankLog) throws -> [Count] {
        var counts: [Count] = []
        for event in log.events {
            if let last = counts.last, event.step < last.step {
                throw RunError.inconsistent(
                    rank: log.rank, step: event.step, expected: "steps that rise", got: "it after step \(last.step)")
            }
            if counts.last?.step != event.step { counts.append(Count(step: event.step)) }
            switch event.kind {
            case .forward, .backward, .backwardInput: counts[counts.count - 1].passes += 1
            case .optimizer: counts[counts.count - 1].updates += 1
            default: break
            }
        }
        return counts
    }

    private static func checkMiddle(
        _ counts: [Count], expected: Int, last: Int, rank: Int
    ) throws {
        if let wrong = counts.first(where: { $0.step < last && $0.passes != expected }) {
            throw RunError.inconsistent(
                rank: rank, step: wrong.step, expected: "\(expected) forwards and backwards", got: "\(wrong.passes)")
        }
    }
}
