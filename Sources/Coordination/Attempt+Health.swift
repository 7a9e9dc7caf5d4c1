import Manifests
import Planning
import Runs
import Scheduling
import Systems

/// What ends an attempt before all of its steps are done.
extension Attempt {
    func checkHealth(_ journal: RunJournal) throws(RunFailure) {
        launcher.pauseIfAsked()
        if stop.count > 0 { try endInOrder(journal) }
        for rank in watch.quietRanks(now: clock.now) {
            guard let process = launcher.process(of: rank), let state = ProcessState(of: process) else { continue }
            watch.saw(rank, process: process, state, now: clock.now)
        }
        if let verdict = watch.verdict(now: clock.now) {
            lost = verdict.isLoss ? Set(verdict.rank.map { [$0] } ?? []).union(othersGone()) : []
            throw explain(verdict, journal.directory)
        }
    }

    /// Ranks whose workers are gone as well. Where none goes over to another attempt, one that left since it had lost a
    /// neighbour has lost nothing itself: its device is still there.
    private func othersGone() -> [Int] {
        launcher.reap().filter { _, ending in
            if case .killed = ending { true } else { plan.movesStates }
        }.map(\.rank)
    }

    /// The first interrupt has the ranks finish the step in flight and write a checkpoint; where there is none to write,
    /// and at the second, the run ends at once.
    private func endInOrder(_ journal: RunJournal) throws(RunFailure) {
        // What its workers brought would be lost.
        if stop.count == 1, words == nil, start.succession != nil { return }
        guard stop.count == 1, stop.isInterrupt, words != nil, journal.record.steps != nil else { throw stopped() }
        guard intent != .stops else { return }
        intent = .stops
        journal.display.tell(
            "interrupted: finishing the step in flight and writing a checkpoint; interrupt again to end at once")
    }

    private func stopped() -> RunFailure {
        if stop.count > 1 { launcher.endAll(grace: 0) }
        return RunFailure(
            .interrupted,
            "interrupted after \(start.steps.lowerBound + steps.finishedSteps) of \(plan.manifest.steps) steps; all workers are stopped, no weights "
                + "were written")
    }

    private func explain(_ verdict: RunWatch.Verdict, _ directory: RunDirectory) -> RunFailure {
        var failure = verdict.failure
        if let diagnosis = verdict.diagnosis { add(diagnosis, around: verdict.rank, to: &failure, directory) }
        guard let rank = verdict.rank else { return failure }
        let log = directory.logPath(rank: rank)
        let isElsewhere = plan.placement.host(of: rank) == .elsewhere
        if failure.code == .bug || failure.code == .interrupted || isElsewhere, let tail = LogTail.read(log) {
            failure.message += "\nits log, \(log), ends:\n\(tail)"
        }
        return failure
    }

    /// What each rank was at: some of them in the message, all of them in the run's folder.
    private func add(
        _ diagnosis: Diagnosis, around rank: Int?, to failure: inout RunFailure, _ directory: RunDirectory
    ) {
        let path = directory.diagnosisPath
        let all = [failure.message] + diagnosis.table(around: rank)
        let isKept = (try? File.replace(path, with: (all.joined(separator: "\n") + "\n").utf8)) != nil
        failure.message += "\n" + diagnosis.table(around: rank, limit: Self.shownRanks).joined(separator: "\n")
        let others = diagnosis.ranks.count - Self.shownRanks
        if others > 0 { failure.message += "\n  and \(others) more" + (isKept ? ", in \(path.printable())" : "") }
    }

    /// A terminal has some more lines than that.
    private static let shownRanks = 16
}
