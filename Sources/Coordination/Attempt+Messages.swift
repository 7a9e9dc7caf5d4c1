import Glibc
import Manifests
import Planning
import Runs
import Scheduling
import Systems
import Transport
import Workers

/// What workers tell, and what they are told.
extension Attempt {
    /// Has the ranks begin.
    func begin(_ origin: StateOrigin, _ journal: RunJournal) throws {
        let path = try journal.record.weightsDraftPath.map { path throws(SystemError) in try File.absolute(path) }
        for rank in plan.placement.ranks {
            try tell(rank, .begin(steps: start.steps, weightsFile: path, origin: origin, rewound: start.rewound))
        }
        if start.stops { intent = .stops }
        var words = StepWords(plan, start.steps, now: clock.now)
        let first = words.begin(now: clock.now)
        self.words = words
        try tell(first, journal)
    }

    func handle(_ message: WorkerMessage, from rank: Int, _ journal: RunJournal) throws {
        switch message {
        case .gradientSquares(let step, let squares, let isFinite):
            let sum = steps.add(squares: squares, step: step, rank: rank)
            let answers = gate?.add(rank: rank, step: step, isFinite: isFinite, sum: sum) ?? []
            if !answers.isEmpty {
                let next = words?.opening(step: step, now: clock.now, intent) ?? []
                try tell(next, journal)
            }
            for answer in answers { try tell(answer.rank, answer.message) }
        case .diverged(let step, let tensor): outcome.divergence.add(step: step, tensor)
        case .step(let part):
            let next = words?.finished(step: part.step, now: clock.now, intent) ?? []
            try tell(next, journal)
            guard let metrics = steps.add(part, rank: rank) else { return }
            watch.finishedStep(seconds: metrics.stepS)
            outcome.divergence.finished(metrics)
            journal.finished(metrics, steps)
            if intent == .goesOn, let cuts = start.recut?.add(busy: steps.busySeconds) {
                self.cuts = cuts
                intent = .moves
            }
        case .events(let chunk): journal.record.append(events: chunk, rank: rank)
        case .weightsWritten(let bytes):
            guard finished.insert(rank).inserted else { return }
            outcome.bytesWritten += bytes
            if finished.count == plan.placement.rankCount, outcome.move == nil {
                for rank in plan.placement.ranks { try tell(rank, .leave) }
            }
        case .evaluated(let part): try evaluated(part, rank, journal)
        case .bestWritten(let step, let bytes):
            guard let all = evaluation?.add(written: bytes, rank: rank) else { return }
            journal.record.finishBest(bytesWritten: all)
            for rank in plan.placement.ranks { try tell(rank, .afterEvaluation(step: step, weightsFile: nil)) }
        case .saved(let part):
            journal.record.steps?.add(part, rank: rank, best: evaluation?.best(upTo: part.step))
        case .notSaved(let step, let reason): journal.record.steps?.fail(step, reason)
        case .kept(let states):
            kept[rank] = states
            guard let succession = start.succession,
                plan.placement.ranks.allSatisfy({ succession.isNew($0) || kept[$0] != nil })
            else { return }
            try begin(.kept(succession.start(kept, plan)), journal)
            journal.display.note(succession.done(at: MonotonicClock.now))
        }
    }

    /// Tells every rank what follows behind some steps.
    private func tell(_ words: [StepWords.Word], _ journal: RunJournal) throws {
        for word in words {
            let folder = word.saves ? journal.record.steps?.begin(word.step) : nil
            if folder != nil { steps.pause(behind: word.step) }
            if intent == .stops, word.ends, word.step < start.steps.upperBound { outcome.stoppedAfter = word.step }
            if word.moves, let cuts { outcome.move = Move(step: word.step, cuts: cuts) }
            let message = CoordinatorMessage.word(
                BoundaryWord(step: word.step, folder: folder, ends: word.ends, moves: word.moves))
            for rank in plan.placement.ranks { try tell(rank, message) }
        }
    }

    private func evaluated(_ part: WorkerMessage.EvaluationPart, _ rank: Int, _ journal: RunJournal) throws {
        guard let metrics = evaluation?.add(part, rank: rank) else { return }
        outcome.best = evaluation?.best
        evaluatedBehind = part.step
        steps.pause()
        journal.finished(metrics)
        let keeps = evaluation?.keepsWeights(of: metrics) == true
        let path = keeps ? journal.record.beginBest() : nil
        for rank in plan.placement.ranks { try tell(rank, .afterEvaluation(step: part.step, weightsFile: path)) }
    }
}
