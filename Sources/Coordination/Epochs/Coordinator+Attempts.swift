import Manifests
import Partitioning
import Planning
import Runs
import Scheduling
import Systems
import Workers

/// From one attempt to the next.
extension Coordinator {
    /// Does all steps, in several attempts where workers are lost or layers move.
    func complete() throws(RunFailure) -> Attempt.Outcome {
        var start = start(upTo: plan.manifest.steps, RecutWatch(plan))
        if let steps { start.steps = steps }
        defer { attempt.end() }
        while true {
            let last = start.steps.upperBound
            do throws(RunFailure) {
                let outcome = try attempt.run(journal, start)
                if let move = outcome.move {
                    start = try recut(move, last)
                } else if try goesBack(behind: outcome.divergence) {
                    attempt.end()
                    start = try startAnew(upTo: last, start.recut)
                } else {
                    return outcome
                }
            } catch {
                start = try goOn(after: error, last)
            }
        }
    }

    // MARK: With what workers have

    /// Has the layers be cut anew, by the workers that are there.
    private func recut(_ move: Attempt.Move, _ last: Int) throws(RunFailure) -> Attempt.Start {
        let since = MonotonicClock.now
        var manifest = plan.manifest
        manifest.partition = .cuts(plan.model.names.cuts(move.cuts))
        let next = try TrainingPlan(manifest)
        let change = plan.moveText(to: next)
        let succession = Succession(
            from: plan, to: next, without: [], behind: move.step, evaluates: false, cause: change, since: since)
        guard let succession else { throw RunFailure(.bug, "layers that no link moves: \(change)") }
        return try goOver(to: next, succession, last)
    }

    /// Has new workers take the place of lost ones, with the copies that their mirrors have.
    /// - Returns: nil where nothing can take their place, or what they had is nowhere any more.
    private func succeed(
        _ failure: RunFailure, _ last: Int
    ) throws(RunFailure) -> Attempt.Start? {
        let lost = attempt.lost
        guard attempt.mayGoOver, stop.count == 0 else { return nil }
        let since = MonotonicClock.now
        var manifest = plan.manifest
        var places: [String] = []
        var left = spares
        var isLast = false
        for rank in lost.sorted() {
            if left.isEmpty {
                isLast = isLast || !restarts.allows(at: since)
            } else {
                manifest.devices[plan.placement.device(of: rank)] = left.removeFirst()
            }
            places.append("\(manifest.devices[plan.placement.device(of: rank)])")
        }
        // Where nothing may take its place for good, something does until the state is kept.
        guard !isLast || !manifest.elastic && plan.checkpoint != nil else { return nil }
        manifest.spares = left
        let next = try TrainingPlan(manifest)
        let cause =
            failure.message
            + "\na new worker on \(places.joined(separator: " and on ")) takes over, with the state that "
            + "its neighbour has kept" + (isLast ? ", until that is in a checkpoint" : "")
        let succession = Succession(
            from: plan, to: next, without: lost, behind: attempt.doneSteps, evaluates: attempt.owesEvaluation,
            cause: cause, since: since)
        guard let succession else { return nil }
        spares = left
        var start = try goOver(to: next, succession, last)
        start.stops = isLast
        return start
    }

    private func goOver(
        to next: TrainingPlan, _ succession: Succession, _ last: Int
    ) throws(RunFailure) -> Attempt.Start {
        var start = Attempt.Start(
            steps: succession.step..<last, best: attempt.best, succession: succession, recut: attempt.start.recut)
        start.recut?.begin(next)
        let following = try newAttempt(next, attempt.launcher)
        do {
            journal.replan(next)
            try journal.record.goOn(behind: succession.step, AttemptCause(succession.cause, attempt.steps))
            try attempt.goOver(to: following, journal.directory)
        } catch {
            following.end()
            throw RunFailure(wrapping: error)
        }
        journal.enter(.starting)
        (attempt, plan) = (following, next)
        return start
    }

    // MARK: From a checkpoint

    private func goOn(after failure: RunFailure, _ last: Int) throws(RunFailure) -> Attempt.Start {
        if let start = try succeed(failure, last) { return start }
        let (lost, recut) = (attempt.lost, attempt.start.recut)
        attempt.end()
        let isLost = failure.code == .interrupted || failure.code == .bug
        // Another attempt would find the same full disk.
        let isKept = (journal.record.steps?.failures ?? 0) < RunJournal.failureLimit
        guard isLost, isKept, stop.count == 0, let (next, way) = try replacement(for: lost) else {
            throw withAdvice(failure)
        }
        if let next {
            journal.replan(next)
            plan = next
        }
        let count = try journal.record.goOn(AttemptCause(failure.message, attempt.steps))
        let point = journal.record.point
        journal.display.note(
            failure.message
                + "\ngoing on behind step \(point?.step ?? 0) with new workers; \(count) steps are done again "
                + "(\(way))")
        return try startAnew(upTo: last, next == nil ? recut : RecutWatch(plan))
    }

    /// Another attempt, with new workers.
    private func startAnew(upTo last: Int, _ recut: RecutWatch?) throws(RunFailure) -> Attempt.Start {
        journal.enter(.starting)
        attempt = try newAttempt(plan, nil)
        var start = start(upTo: last, recut)
        start.recut?.begin(plan)
        return start
    }

    /// With which plan the run goes on where all workers are new, and in what words; nil for the plan: the same.
    /// - Returns: nil where it does not go on.
    private func replacement(for lost: Set<Int>) throws(RunFailure) -> (TrainingPlan?, String)? {
        var manifest = plan.manifest
        if !lost.isEmpty, lost.count <= spares.count {
            for rank in lost.sorted() { manifest.devices[plan.placement.device(of: rank)] = spares.removeFirst() }
            manifest.spares = spares
            return (try TrainingPlan(manifest), "over \(manifest.devices.map(\.description).joined(separator: ", "))")
        }
        if restarts.allows(at: MonotonicClock.now) {
            return (nil, "restart \(restarts.count) of \(restarts.limit)")
        }
        guard manifest.elastic, !lost.isEmpty, let next = try plan.without(lost) else { return nil }
        let copies = next.manifest.replicas > 1 || plan.manifest.replicas > 1
        return (
            next,
            (copies ? "\(next.manifest.replicas) \(next.manifest.replicas == 1 ? "replica" : "replicas") " : "")
                + "over the devices that are left: \(next.manifest.devices.map(\.description).joined(separator: ", "))"
        )
    }

    // MARK: What is said at the end

    /// The same failure with how the run goes on, where it can.
    private func withAdvice(_ failure: RunFailure) -> RunFailure {
        guard failure.code == .interrupted else { return failure }
        var failure = failure
        if plan.manifest.goesOnByItself { failure.message += "\nall workers are ended" }
        if let newest = journal.record.steps?.newest {
            failure.message +=
                "\nthe newest checkpoint is behind step \(newest); go on with\n  \(RunDisplay.resumeCommand(directory))"
        } else if plan.manifest.goesOnByItself {
            failure.message += "\nthere is no checkpoint; start the run again"
        }
        return failure
    }

    /// What an interrupted run left, and how it goes on.
    func stopped(after step: Int) -> RunFailure {
        let saved = journal.record.steps?.newest
        let place =
            saved == step
            ? "its state is in \(directory.stepsPath.printable())"
            : saved.map { "the newest checkpoint is behind step \($0)" } ?? "there is no checkpoint"
        return RunFailure(
            .interrupted,
            "interrupted after \(step) of \(plan.manifest.steps) steps; \(place)"
                + (saved == nil ? "" : "; go on with\n  \(RunDisplay.resumeCommand(directory))"))
    }
}
