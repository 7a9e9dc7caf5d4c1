import Glibc
import Manifests
package import Transport

/// Decides whether a run is broken, and why: a state machine without I/O, told what was seen and what time it is.
package struct RunWatch {
    package struct Verdict {
        /// Whose failure it is, where it is one rank's.
        package var rank: Int?
        package var failure: RunFailure
    }

    private let devices: [String]
    private let rankCount: Int
    private var evidence = FailureEvidence()
    /// When the first sign was seen.
    private var since: UInt64?
    private var statuses: [Int: WorkerStatus] = [:]
    /// When each rank last made progress.
    private var moved: [Int: (progress: UInt64, at: UInt64)] = [:]
    private var isRunning = false
    private var stepSeconds: [Double] = []

    /// Peers notice a death before the system reports it: so long a more telling sign may take.
    package static let grace: UInt64 = 500_000_000
    /// Seconds without progress that are a hang: ten steps' time, within these bounds.
    package static let shortestHang = 30.0
    private static let longestHang = 1e6

    package init(_ plan: TrainingPlan) {
        devices = plan.manifest.devices.map(\.description)
        rankCount = plan.rankCount
    }

    // MARK: What was seen

    package mutating func begin() { isRunning = true }

    package mutating func heard(_ rank: Int, _ status: WorkerStatus, now: UInt64 = Clock.nanoseconds) {
        statuses[rank] = status
        if moved[rank]?.progress != status.progress { moved[rank] = (status.progress, now) }
    }

    package mutating func finishedStep(seconds: Double) { stepSeconds.append(seconds) }

    package mutating func failed(_ rank: Int, _ failure: RunFailure, now: UInt64 = Clock.nanoseconds) {
        add(.reported(failure, isPeerLoss: failure.isConsequence), rank, now)
    }

    package mutating func ended(_ rank: Int, _ ending: ChildProcess.Ending, now: UInt64 = Clock.nanoseconds) {
        switch ending {
        case .exited(let code): add(.exited(code), rank, now)
        case .killed(let signal): add(.killed(signal: signal), rank, now)
        }
    }

    /// The connection ended. Of a worker that this process started, its ending will tell more.
    package mutating func gone(_ rank: Int, isByHand: Bool, now: UInt64 = Clock.nanoseconds) {
        if isByHand, isRunning { add(.disconnected, rank, now) }
    }

    private mutating func add(_ sign: FailureEvidence.Sign, _ rank: Int, _ now: UInt64) {
        evidence.add(sign, rank: rank)
        since = since ?? now
    }

    // MARK: What follows

    /// Why the run is over, once that is certain.
    package mutating func verdict(now: UInt64, _ liveness: Liveness) -> Verdict? {
        if evidence.isEmpty, isRunning { lookForSilence(now, liveness) }
        guard let cause = evidence.cause, let since else { return nil }
        guard evidence.isConclusive || now >= since + Self.grace else { return nil }
        return verdict(cause.rank, cause.sign)
    }

    private mutating func lookForSilence(_ now: UInt64, _ liveness: Liveness) {
        for rank in liveness.silentRanks(at: now) {
            add(.silent(Double(liveness.silence(of: rank, at: now)) / 1e9), rank, now)
        }
        guard moved.count == rankCount, haveRested(Self.shortestHang, now) else { return }
        let median = stepSeconds.sorted()[safe: stepSeconds.count / 2] ?? 0
        let limit = min(max(Self.shortestHang, 10 * median), Self.longestHang)
        guard haveRested(limit, now) else { return }
        let stuck = statuses.filter { $0.value.phase == .computing }.keys.min() ?? moved.keys.min() ?? 0
        add(.stuck(limit), stuck, now)
    }

    /// Whether no rank has made progress for so many seconds.
    private func haveRested(_ seconds: Double, _ now: UInt64) -> Bool {
        moved.values.allSatisfy { now > $0.at + UInt64(seconds * 1e9) }
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
            return lost(rank, "\(worker) was killed by signal \(signal) (\(name))")
        case .exited(let code):
            return lost(rank, "\(worker) exited with code \(code)", code == 70 ? .bug : .interrupted)
        case .disconnected: return lost(rank, "\(worker) closed its connection")
        case .silent(let seconds):
            return lost(
                rank, "\(worker) has not been heard of for \(Int(seconds)) s: its process hangs or its host is gone")
        case .stuck(let seconds):
            let isComputing = statuses[rank]?.phase == .computing
            return lost(
                rank,
                "no worker made progress for \(Int(seconds)) s; "
                    + (isComputing ? "\(worker) is the first that computes" : "all of them wait, \(worker)"))
        }
    }

    private func lost(_ rank: Int, _ what: String, _ code: ExitCode = .interrupted) -> Verdict {
        let waiting = statuses.keys.sorted().compactMap { other in waits(other, for: rank) }
        let tail = waiting.isEmpty ? "" : "; " + waiting.joined(separator: "; ")
        return Verdict(
            rank: rank,
            failure: RunFailure(
                code,
                what + place(of: rank) + tail + ". All workers are stopped; start the run again."))
    }

    /// Where the worker was when it was last heard of; where the run has gone on since, how far the run is.
    private func place(of rank: Int) -> String {
        guard isRunning else { return " before the first step" }
        if let status = statuses[rank], !status.instruction.isEmpty, status.step >= stepSeconds.count {
            return " at step \(status.step + 1), instruction \(status.instruction) (\(status.phase))"
        }
        return stepSeconds.isEmpty ? " in the first step" : " after step \(stepSeconds.count)"
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

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
