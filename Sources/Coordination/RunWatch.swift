import Glibc
import Manifests
package import Planning
package import Runs
import Scheduling
package import Systems
package import Transport

/// Decides whether a run is broken, and why: a state machine without I/O, told what was seen and what time it is.
///
/// Times are a `ListeningClock`'s nanoseconds: what holds the coordinator up ages nobody's heartbeat.
package struct RunWatch {
    package struct Verdict {
        /// Whose failure it is, where it is one rank's.
        package var rank: Int?
        package var failure: RunFailure
        /// Whether that rank's worker is gone, or is as good as gone, through no fault of the run's.
        package var isLoss = false
    }

    private let devices: [String]
    private let rankCount: Int
    private var evidence = FailureEvidence()
    private var statuses: [Int: WorkerStatus] = [:]
    private var liveness: Liveness
    /// When each rank last made progress.
    private var moved: [Int: (progress: UInt64, at: UInt64)] = [:]
    private var isRunning = false
    private var firstStep = 0
    private var rule: HangRule
    /// Whether the run goes on by itself, or says at its end how to.
    private let goesOn: Bool

    package init(_ plan: TrainingPlan) {
        devices = plan.placement.ranks.map { plan.device(of: $0).description }
        rankCount = plan.placement.rankCount
        liveness = Liveness(world: plan.placement.rankCount)
        rule = HangRule(plan.manifest.deadlines)
        goesOn = plan.manifest.goesOnByItself
    }

    // MARK: What was seen

    package mutating func begin() { isRunning = true }

    /// Of a run that goes on: steps that are done.
    package mutating func begin(at step: Int) { firstStep = step }

    /// A sign of life of any kind.
    package mutating func heard(_ rank: Int, now: UInt64) { liveness.heard(rank, at: now) }

    package mutating func heard(_ rank: Int, _ status: WorkerStatus, now: UInt64) {
        heard(rank, now: now)
        statuses[rank] = status
        // By the worker's own clock: its heartbeat may have waited for this process to read it.
        if moved[rank]?.progress != status.progress {
            moved[rank] = (status.progress, now - min(now, status.stalled))
        }
    }

    package mutating func finishedStep(seconds: Double) { rule.finishedStep(seconds: seconds) }

    package mutating func failed(_ rank: Int, _ failure: RunFailure, now: UInt64) {
        add(FailureEvidence.Sign(failure), rank, now)
    }

    package mutating func ended(_ rank: Int, _ ending: ChildProcess.Ending, now: UInt64) {
        add(FailureEvidence.Sign(ending), rank, now)
    }

    /// It said goodbye: nothing more is expected of it.
    package mutating func left(_ rank: Int) { liveness.forget(rank) }

    /// The connection ended. Of a worker that this process started, its ending will tell more.
    package mutating func gone(_ rank: Int, isByHand: Bool, now: UInt64) {
        liveness.forget(rank)
        if isByHand, isRunning { add(.disconnected, rank, now) }
    }

    private mutating func add(_ sign: FailureEvidence.Sign, _ rank: Int, _ now: UInt64) {
        liveness.forget(rank)
        evidence.add(sign, rank: rank, at: now)
    }

    // MARK: What follows

    /// Why the run is over, once that is certain.
    package mutating func verdict(now: UInt64) -> Verdict? {
        if evidence.isEmpty, isRunning { lookForSilence(now) }
        return evidence.certainCause(at: now).map { verdict($0.rank, $0.sign) }
    }

    private mutating func lookForSilence(_ now: UInt64) {
        for rank in liveness.silentRanks(at: now) {
            add(.silent(Double(liveness.silence(of: rank, at: now)) / 1e9), rank, now)
        }
        let limit = rule.limit(of: statuses.values.lazy.map(\.phase))
        guard moved.count == rankCount, haveStalled(limit.seconds, now) else { return }
        let stuck = statuses.filter { $0.value.phase == .computing }.keys.min() ?? moved.keys.min() ?? 0
        add(.stuck(limit.seconds, deadline: limit.key), stuck, now)
    }

    /// Whether no rank has made progress for so many seconds.
    private func haveStalled(_ seconds: Double, _ now: UInt64) -> Bool {
        moved.values.allSatisfy { now > $0.at && Double(now - $0.at) > seconds * 1e9 }
    }

    private func verdict(_ rank: Int, _ sign: FailureEvidence.Sign) -> Verdict {
        let worker = "worker \(rank) (\(devices[rank]))"
        switch sign {
        case .reported(let failure, isPeerLoss: false):
            guard failure.code != .badInput else { return Verdict(rank: nil, failure: failure) }
            return Verdict(rank: rank, failure: RunFailure(failure.code, "\(worker): \(failure.message)"))
        case .reported(let failure, isPeerLoss: true):
            return Verdict(rank: rank, failure: RunFailure(.interrupted, "\(worker): \(failure.message)"))
        case .killed(let signal):
            let name = String(cString: strsignal(signal)).lowercased()
            return lost(rank, "\(worker) was killed by signal \(signal) (\(name))", isLoss: true)
        case .exited(let code):
            return lost(rank, "\(worker) exited with code \(code)", code == 70 ? .bug : .interrupted)
        case .disconnected: return lost(rank, "\(worker) closed its connection")
        case .silent(let seconds):
            return lost(
                rank, "\(worker) has not been heard of for \(Int(seconds)) s: its process hangs or its host is gone",
                isLoss: true)
        case .stuck(let seconds, let deadline):
            let isComputing = statuses[rank]?.phase == .computing
            return lost(
                rank,
                "no worker made progress for \(Int(seconds)) s; "
                    + (isComputing ? "\(worker) is the first that computes" : "all of them wait, \(worker)"),
                hint: "; where that may take longer, set deadlines.\(deadline)")
        }
    }

    private func lost(
        _ rank: Int, _ what: String, _ code: ExitCode = .interrupted, hint: String = "", isLoss: Bool = false
    ) -> Verdict {
        let waiting = statuses.keys.sorted().compactMap { other in waits(other, for: rank) }
        let tail = waiting.isEmpty ? "" : "; " + waiting.joined(separator: "; ")
        return Verdict(
            rank: rank,
            failure: RunFailure(
                code,
                what + place(of: rank) + tail + (goesOn ? "" : ". All workers are stopped; start the run again") + hint
                    + "."), isLoss: isLoss)
    }

    /// Where the worker was when it was last heard of; where the run has gone on since, how far the run is.
    private func place(of rank: Int) -> String {
        guard isRunning else { return " before the first step" }
        if let status = statuses[rank], !status.instruction.isEmpty, status.step >= firstStep + rule.finishedSteps {
            return " at step \(status.step + 1), instruction \(status.instruction) (\(status.phase))"
        }
        let done = firstStep + rule.finishedSteps
        return done == 0 ? " in the first step" : " after step \(done)"
    }

    private func waits(_ other: Int, for rank: Int) -> String? {
        guard other != rank, let status = statuses[other] else { return nil }
        switch status.phase {
        case .receiving(from: rank, let kind, _, let microBatch):
            return "worker \(other) waits for its \(kind) of micro-batch \(microBatch)"
        case .sending(to: rank): return "worker \(other) waits for it to take a message"
        default: return nil
        }
    }
}
