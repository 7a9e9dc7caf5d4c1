package import Manifests
package import Transport

/// How long all workers may go without progress before the run counts as hung: by what they are at, and in a step by
/// how long steps have taken.
package struct HangRule {
    private let deadlines: PipelineManifest.Deadlines
    /// The newest steps' seconds, in a ring.
    private var recent: [Double] = []
    package private(set) var finishedSteps = 0
    private static let window = 63
    /// Seconds; ten steps of a small model are shorter than what a busy machine may hold a process up.
    package static let shortest = 30.0

    package init(_ deadlines: PipelineManifest.Deadlines) { self.deadlines = deadlines }

    package mutating func finishedStep(seconds: Double) {
        if recent.count < Self.window {
            recent.append(seconds)
        } else {
            recent[finishedSteps % Self.window] = seconds
        }
        finishedSteps += 1
    }

    /// Seconds, and the manifest's key that sets them. Of several ranks the longest limit holds: those that wait do so
    /// for the one that is at something longer.
    package func limit(of phases: some Sequence<WorkerPhase>) -> (seconds: Double, key: String) {
        phases.map(limit).max { $0.seconds < $1.seconds } ?? (deadlines.load, "load")
    }

    private func limit(of phase: WorkerPhase) -> (seconds: Double, key: String) {
        switch phase {
        case .starting: return (deadlines.load, "load")
        case .saving: return (deadlines.save, "save")
        case .computing, .receiving, .sending, .coordinated, .reading:
            guard finishedSteps > 0 else { return (deadlines.firstStep, "first_step") }
            let median = recent.sorted()[recent.count / 2]
            return (deadlines.step ?? max(Self.shortest, 10 * median), "step")
        }
    }
}
