import Checkpoints
import Manifests
import Planning
import Runs
import Systems
import Workers

/// `on_nan: {rewind: …}`: another attempt from an earlier checkpoint, with data that the run had not seen.
extension Coordinator {
    /// A checkpoint that the run went back to, and what it does otherwise than that says. Behind the next checkpoint that
    /// one's own state says it.
    struct Return {
        var step: Int
        var rewound: Rewound
    }

    /// Where an attempt begins that goes on from the newest checkpoint, or at the beginning.
    /// - Parameter last: steps to do in all.
    func start(upTo last: Int, _ recut: RecutWatch?) -> Attempt.Start {
        let point = journal.record.point
        let first = point?.step ?? 0
        return Attempt.Start(
            steps: first..<last, folder: point?.folder, best: point?.manifest.best?.metrics, recut: recut,
            rewound: wentBack?.step == first ? wentBack?.rewound : nil)
    }

    /// What of the data the present attempt leaves out.
    private func leftOut() throws(RunFailure) -> Rewound {
        let point = journal.record.point
        if let wentBack, wentBack.step == point?.step ?? 0 { return wentBack.rewound }
        return try point?.manifest.state.rewound(globalBatch: plan.manifest.batch.global) ?? Rewound()
    }

    /// Has the run go back where a step of the attempt was not finite and the pipeline says so.
    /// - Returns: whether another attempt is to follow.
    func goesBack(behind divergence: Divergence) throws(RunFailure) -> Bool {
        guard let rule = RewindRule(plan.manifest), let step = divergence.leavableStep, stop.count == 0 else {
            return false
        }
        let (record, display) = (journal.record, journal.display)
        let before = try leftOut()
        guard before.count < Rewound.limit else {
            display.note("the run went back \(before.count) times, which is as often as it may")
            return false
        }
        let newest = rule.newest(from: step)
        let done = try ResumePoint.newestWhole(in: directory, upTo: newest)
        guard let rewound = rule.rewound(from: step, to: done, before: before) else {
            display.note("going back once more would leave out more data than the run trains on")
            return false
        }
        try record.goBack(to: newest, AttemptCause(divergence.text(plan) ?? "", attempt.steps))
        wentBack = Return(step: done, rewound: rewound)
        display.note(
            "\(divergence.text(plan) ?? ""); "
                + RewindRule.text(from: step, to: done, before: before, rewound))
        return true
    }
}

extension ResumePoint {
    /// Steps of the newest whole checkpoint up to a step; 0: there is none. Nothing is changed.
    static func newestWhole(in directory: RunDirectory, upTo step: Int) throws(RunFailure) -> Int {
        do {
            let folder = StepsFolder(try File.absolute(directory.stepsPath))
            return folder.steps.first { candidate in
                candidate <= step && (try? StepManifest.verify(in: folder.path(of: candidate), step: candidate)) != nil
            } ?? 0
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// The newest whole checkpoint up to a step. Those behind it belong to what the run takes back, and are set aside.
    static func find(
        in directory: RunDirectory, upTo step: Int, note: (String) -> Void
    ) throws(RunFailure) -> ResumePoint? {
        do {
            let folder = StepsFolder(try File.absolute(directory.stepsPath))
            for newer in folder.steps where newer > step { _ = try folder.setAside(newer, as: "left") }
        } catch {
            throw RunFailure(wrapping: error)
        }
        return try find(in: directory, .latest, note: note)
    }
}
