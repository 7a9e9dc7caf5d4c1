import Manifests
package import Planning
import Scheduling

/// Decides what all ranks do behind each step: whether a checkpoint is written, and whether the run ends. Pure: told how
/// far the ranks are and what time it is, it says what to tell them.
///
/// Ranks do not stop at the same time by themselves: one may be a step ahead of another, and of what the coordinator has
/// heard. So each is told of every step's end before it can get there, and all are told the same. Where the coordinator
/// opens each update, the word goes ahead of that answer; elsewhere, and where ranks go on without the answer, a step
/// ahead, so that nobody waits for it.
package struct StepWords {
    /// What follows behind a step.
    package struct Word: Equatable {
        /// Steps that are done there.
        package var step: Int
        package var saves: Bool
        package var ends: Bool
        /// The run goes on with other cuts.
        package var moves: Bool

        package init(step: Int, saves: Bool, ends: Bool, moves: Bool = false) {
            self.step = step
            self.saves = saves
            self.ends = ends
            self.moves = moves
        }
    }

    /// What is to come behind the steps in flight.
    package enum Intent: Equatable {
        case goesOn
        /// The run was interrupted.
        case stops
        /// The cuts are to be others.
        case moves
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
        case .sum: isGated = !plan.speculates
        case .all: isGated = plan.placement.rankCount > 1
        case .own, nil: isGated = false
        }
    }

    /// Before the first step.
    package mutating func begin(now: UInt64) -> [Word] { isGated ? [] : words(upTo: told + 1, now, .goesOn) }

    /// The update of a step, counted from 0, is about to be opened.
    package mutating func opening(step: Int, now: UInt64, _ intent: Intent) -> [Word] {
        isGated ? words(upTo: step + 1, now, intent) : []
    }

    /// A rank has reported the end of a step, counted from 0.
    package mutating func finished(step: Int, now: UInt64, _ intent: Intent) -> [Word] {
        isGated ? [] : words(upTo: step + 2, now, intent)
    }

    private mutating func words(upTo step: Int, _ now: UInt64, _ intent: Intent) -> [Word] {
        var words: [Word] = []
        while !hasEnded, told < min(step, last) {
            told += 1
            let isLast = told == last
            hasEnded = isLast || intent != .goesOn
            let saves = isDue(now, isLast: isLast, isStopping: intent == .stops)
            if saves { savedAt = now }
            let moves = intent == .moves && !isLast
            words.append(Word(step: told, saves: saves, ends: hasEnded && !moves, moves: moves))
        }
        return words
    }

    private func isDue(_ now: UInt64, isLast: Bool, isStopping: Bool) -> Bool {
        guard let rule else { return false }
        if isStopping { return true }
        switch rule.every {
        case nil: return false
        case .steps(let count): return isLast || told % count == 0
        case .seconds(let seconds): return isLast || Double(now &- savedAt) >= seconds * 1e9
        }
    }
}
