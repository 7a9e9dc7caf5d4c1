import Manifests
package import Planning
import Scheduling

/// Decides what all ranks do behind each step: whether a checkpoint is written, and whether the run ends. Pure: told how
/// far the ranks are and what time it is, it says what to tell them.
///
/// Ranks do not stop at the same time by themselves: one may be a step ahead of another, and of what the coordinator has
/// heard. So each is told of every step's end before it can get there, and all are told the same. Where the coordinator
/// opens each update, the word goes ahead of that answer; elsewhere a step ahead, so that nobody waits for it.
package struct StepWords {
    /// What follows behind a step.
    package struct Word: Equatable {
        /// Steps that are done there.
        package var step: Int
        package var saves: Bool
        package var ends: Bool

        package init(step: Int, saves: Bool, ends: Bool) {
            self.step = step
            self.saves = saves
            self.ends = ends
        }
    }

    private let rule: PipelineManifest.Checkpoint?
    private let last: Int
    /// Whether words go with the answers that open updates.
    private let isGated: Bool
    private var told: Int
    private var hasEnded = false
    private var savedAt: UInt64

    /// - Parameters:
    ///   - steps: those that are to be done.
    ///   - now: nanoseconds.
    package init(_ plan: TrainingPlan, _ steps: Range<Int>, now: UInt64) {
        rule = plan.checkpoint
        last = steps.upperBound
        told = steps.lowerBound
        savedAt = now
        switch plan.gate {
        case .sum: isGated = true
        case .all: isGated = plan.placement.rankCount > 1
        case .own, nil: isGated = false
        }
    }

    /// Before the first step.
    package mutating func begin(now: UInt64) -> [Word] { isGated ? [] : words(upTo: told + 1, now, false) }

    /// The update of a step, counted from 0, is about to be opened.
    package mutating func opening(step: Int, now: UInt64, isStopping: Bool) -> [Word] {
        isGated ? words(upTo: step + 1, now, isStopping) : []
    }

    /// A rank has reported the end of a step, counted from 0.
    package mutating func finished(step: Int, now: UInt64, isStopping: Bool) -> [Word] {
        isGated ? [] : words(upTo: step + 2, now, isStopping)
    }

    private mutating func words(upTo step: Int, _ now: UInt64, _ isStopping: Bool) -> [Word] {
        var words: [Word] = []
        while !hasEnded, told < min(step, last) {
            told += 1
            hasEnded = told == last || isStopping
            let saves = isDue(now, isStopping)
            if saves { savedAt = now }
            words.append(Word(step: told, saves: saves, ends: hasEnded))
        }
        return words
    }

    private func isDue(_ now: UInt64, _ isStopping: Bool) -> Bool {
        guard let rule else { return false }
        if isStopping { return true }
        switch rule.every {
        case nil: return false
        case .steps(let count): return hasEnded || told % count == 0
        case .seconds(let seconds): return hasEnded || Double(now &- savedAt) >= seconds * 1e9
        }
    }
}
