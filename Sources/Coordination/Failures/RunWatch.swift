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
        /// What each rank was at, where that may tell something.
        package var diagnosis: Diagnosis?
    }

    private let devices: [String]
    private let elsewhere: Set<Int>
    private let rankCount: Int
    private var evidence = FailureEvidence()
    private var statuses: [Int: WorkerStatus] = [:]
    private var liveness: Liveness
    /// When each rank was last heard of, whether or not more is expected of it.
    private var heardAt: [Int: UInt64] = [:]
    private var ended: Set<Int> = []
    /// What the system says of processes that are silent.
    private var processes: [Int: (process: Int32, state: ProcessState)] = [:]
    private let names: InstructionNames
    /// When each rank last made progress.
    private var moved: [Int: (progress: UInt64, at: UInt64)] = [:]
    private var isRunning = false
    private var firstStep = 0
    /// When workers began to be started.
    private var startedAt: UInt64?
    private var rule: HangRule
    /// Whether the run goes on by itself, or says at its end how to.
    private let goesOn: Bool

    package init(_ plan: TrainingPlan) {
        devices = plan.placement.ranks.map { plan.place(of: $0) }
        elsewhere = Set(plan.placement.ranks(on: .elsewhere))
        rankCount = plan.placement.rankCount
        liveness = Liveness(
            world: plan.placement.rankCount, heartbeatTimeout: .seconds(plan.manifest.deadlines.heartbeat))
        rule = HangRule(plan.manifest.deadlines)
        let heartbeat = plan.manifest.deadlines.heartbeat
        quiet = heartbeat > PipelineManifest.Deadlines().heartbeat ? UInt64(heartbeat * 1e9) : 2_000_000_000
        goesOn = plan.manifest.goesOnByItself
        names = InstructionNames(plan)
    }

    // MARK: What was seen

    package mutating func begin() { isRunning = true }

    /// Workers are being started.
    /// - Parameter step: steps that are done, of a run that goes on.
    package mutating func begin(at step: Int, now: UInt64) { (firstStep, startedAt) = (step, now) }

    /// A sign of life of any kind.
    package mutating func heard(_ rank: Int, now: UInt64) {
        liveness.heard(rank, at: now)
        heardAt[rank] = now
        processes[rank] = nil
    }

    /// Ranks whose processes are worth a look: nothing was heard of them for a while.
    package func quietRanks(now: UInt64) -> [Int] {
        devices.indices.filter { silence(of: $0, now) > quiet }
    }

    /// Nanoseconds since the rank was heard of, or its start where it never was.
    private func silence(of rank: Int, _ now: UInt64) -> UInt64 {
        if let startedAt, !isRunning, heardAt[rank] == nil, !ended.contains(rank) { return now - min(now, startedAt) }
        return liveness.silence(of: rank, at: now)
    }

    /// What the system says of a quiet rank's process. One that a signal stopped is not waited for: a busy machine makes
    /// no process stop.
    package mutating func saw(_ rank: Int, process: Int32, _ state: ProcessState, now: UInt64) {
        processes[rank] = (process, state)
        if state == .stopped { add(.stopped(Double(silence(of: rank, now)) / 1e9), rank, now) }
    }

    /// Ten heartbeats, nanoseconds; where silence is allowed to last longer than usual, stopped workers are waited for too.
    private let quiet: UInt64

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
        ended.insert(rank)
        add(FailureEvidence.Sign(ending), rank, now)
    }

    /// It said goodbye: nothing more is expected of it.
    package mutating func left(_ rank: Int) { liveness.forget(rank) }

    /// The connection ended. Of a worker that this process started here, its ending will tell more.
    package mutating func gone(_ rank: Int, isDistant: Bool, now: UInt64) {
        liveness.forget(rank)
        ended.insert(rank)
        if isDistant, isRunning { add(.disconnected, rank, now) }
    }

    private mutating func add(_ sign: FailureEvidence.Sign, _ rank: Int, _ now: UInt64) {
        liveness.forget(rank)
        evidence.add(sign, rank: rank, at: now)
    }

    // MARK: What follows

    /// Why the run is over, once that is certain.
    package mutating func verdict(now: UInt64) -> Verdict? {
        if evidence.isEmpty, isRunning { lookForSilence(now) }
        return evidence.certainCause(at: now).map { cause in
            let diagnosis = diagnosis(now)
            var verdict = verdict(cause.rank, cause.sign, diagnosis)
            // A worker's own reason needs no look at the others.
            if case .reported(_, isPeerLoss: false) = cause.sign { return verdict }
            if isRunning { verdict.diagnosis = diagnosis }
            return verdict
        }
    }

    private func diagnosis(_ now: UInt64) -> Diagnosis {
        let ranks = devices.indices.map { rank in
            Diagnosis.Rank(
                device: devices[rank], condition: condition(rank, now), status: statuses[rank],
                stalled: moved[rank].map { Double(now - min(now, $0.at)) / 1e9 },
                heard: heardAt[rank].map { Double(now - min(now, $0)) / 1e9 })
        }
        return Diagnosis(ranks, names)
    }

    private func condition(_ rank: Int, _ now: UInt64) -> Diagnosis.Condition {
        if ended.contains(rank) { return .ended }
        if processes[rank]?.state == .stopped { return .stopped }
        guard let heard = heardAt[rank] else { return .silent }
        return now - min(now, heard) > liveness.heartbeatTimeout ? .silent : .alive
    }

    private mutating func lookForSilence(_ now: UInt64) {
        for rank in liveness.silentRanks(at: now) {
            add(.silent(Double(liveness.silence(of: rank, at: now)) / 1e9), rank, now)
        }
        let limit = rule.limit(of: statuses.values.lazy.map(\.phase))
        guard moved.count == rankCount, haveStalled(limit.seconds, now) else { return }
        evidence.add(.stuck(limit.seconds, deadline: limit.key), rank: diagnosis(now).causeRank ?? 0, at: now)
    }

    /// Whether no rank has made progress for so many seconds.
    private func haveStalled(_ seconds: Double, _ now: UInt64) -> Bool {
        moved.values.allSatisfy { now > $0.at && Double(now - $0.at) > seconds * 1e9 }
    }

    private func verdict(_ rank: Int, _ sign: FailureEvidence.Sign, _ diagnosis: Diagnosis) -> Verdict {
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
            let isElsewhere = elsewhere.contains(rank)
            // What a remote shell says where it finds no program.
            let isMistake = isElsewhere && [64, 126, 127].contains(code)
            return lost(
                rank, "\(worker) exited with code \(code)",
                code == 70 ? .bug : isMistake ? .badInput : .interrupted, isLoss: isElsewhere && code == Self.sshFailure
            )
        case .disconnected: return lost(rank, "\(worker) closed its connection", isLoss: true)
        case .silent(let seconds):
            return lost(
                rank, "\(worker) has not been heard of for \(Int(seconds)) s: \(reasonOfSilence(rank))",
                hint: "; where it may be paused for longer, set deadlines.heartbeat", isLoss: true)
        case .stopped(let seconds):
            let hint = processes[rank].map { "; `kill -CONT \($0.process)` would have let it go on" } ?? ""
            return lost(
                rank, "\(worker) has been stopped for \(Int(seconds)) s, as SIGSTOP does\(hint); it was", isLoss: true)
        case .stuck(let seconds, let deadline):
            let cause = diagnosis.causeText(place: place(of:))
            return Verdict(
                rank: diagnosis.causeRank,
                failure: lostFailure(
                    "no worker made progress for \(Int(seconds)) s: \(cause)",
                    hint: "; where that may take longer, set deadlines.\(deadline)"), isLoss: diagnosis.causeRank != nil
            )
        }
    }

    /// What ssh ends with where it did not reach the host, or the worker there was killed.
    private static let sshFailure: Int32 = 255

    private func reasonOfSilence(_ rank: Int) -> String {
        switch processes[rank]?.state {
        case .blocked: "its process waits for a disk or a device, where nothing can interrupt it"
        case .traced: "a debugger holds its process"
        case .stopped, .ended, .runs, .sleeps, nil: "its process hangs or its host is gone"
        }
    }

    private func lost(
        _ rank: Int, _ what: String, _ code: ExitCode = .interrupted, hint: String = "", isLoss: Bool = false
    ) -> Verdict {
        Verdict(rank: rank, failure: lostFailure(what + place(of: rank), code, hint: hint), isLoss: isLoss)
    }

    private func lostFailure(_ what: String, _ code: ExitCode = .interrupted, hint: String = "") -> RunFailure {
        RunFailure(code, what + (goesOn ? "" : ". All workers are ended; start the run again") + hint + ".")
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
}
