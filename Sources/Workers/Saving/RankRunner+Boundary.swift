import Planning
import Runs
import Stages
import Systems

/// Between two steps: evaluation, then what the coordinator tells all ranks to do there.
extension RankRunner {
    /// All ranks come here behind the same steps, and do the same.
    /// - Parameter end: when the last step ended.
    /// - Returns: what the coordinator said.
    func passBoundary(since end: UInt64) throws -> BoundaryWord {
        recorder.step = state.step
        let isEvaluated = try evaluateIfDue(behind: state.step, since: end)
        let begin = isEvaluated ? MonotonicClock.now : end
        let word = try port.awaitWord(behind: state.step)
        if let folder = word.folder, let saver {
            try saver.save(state, in: folder, isLast: word.ends)
            recorder.waited(.checkpoint, since: begin)
        } else {
            recorder.waited(.report, since: begin)
        }
        return word
    }
}
