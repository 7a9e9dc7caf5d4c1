import Checkpoints
import Families
import Foundation
import Glibc
import Manifests
import Models
import Optimizers
import Planning
import Runs
import Scheduling
import Systems
import Workers

/// The coordinator's part of a run's checkpoints: makes their folders, gathers what the ranks wrote, and commits, on a
/// thread of its own, since disks may take long.
final class StepKeeper {
    /// What became of a checkpoint.
    enum Outcome: Sendable {
        case committed(CheckpointMetrics)
        case failed(step: Int, reason: String)
    }

    private let plan: TrainingPlan
    private let rule: PipelineManifest.Checkpoint
    private let folder: StepsFolder
    private let run: String
    private let attempt: Int
    private let base: [String: String]
    private let family: FamilyFolder?
    private let lineFiles: [String]
    /// By step: what the ranks wrote so far.
    private var parts: [Int: [Int: SavedPart]] = [:]
    /// Those that failed on some rank.
    private var failed: Set<Int> = []
    /// Complete, and to be committed in this order.
    private var waiting: [(commit: StepCommit, metrics: CheckpointMetrics)] = []
    private var thread: JoinableThread?
    private let results = Shared<[Outcome]>([])
    private let isCommitting = Shared(false)
    /// Checkpoints in a row that could not be written.
    private(set) var failures = 0
    /// The newest checkpoint that counts.
    private(set) var newest: Int?

    /// - Parameters:
    ///   - directory: the run's.
    ///   - run: which run it is, in each checkpoint.
    ///   - newest: the checkpoint that the run goes on from, if any.
    init(
        _ plan: TrainingPlan, _ rule: PipelineManifest.Checkpoint, in directory: RunDirectory, run: String,
        attempt: Int, base: [String: String], newest: Int?
    ) throws {
        self.plan = plan
        self.rule = rule
        self.run = run
        self.attempt = attempt
        self.base = base
        self.newest = newest
        family = try plan.familyMap().map { _ in FamilyFolder(directory.pretrainedPath) }
        lineFiles = [directory.metricsPath, directory.tablePath, directory.evaluationsPath]
        folder = StepsFolder(try File.absolute(directory.stepsPath))
        folder.removeDrafts()
    }

    deinit { thread?.join() }

    // MARK: One checkpoint

    /// - Returns: where the ranks write the checkpoint; nil where there is no place for it.
    func begin(_ step: Int) -> String? {
        do {
            let draft = try folder.begin(step, epoch: attempt)
            try File.makeFolder(draft + "/optimizer")
            let needed = plan.checkpointBytes.saturatingPlus(plan.checkpointBytes / 5)
            let free = try File.freeBytes(at: draft)
            guard free >= needed else {
                throw RunFailure(
                    .interrupted, "it takes \(needed.bytesText), \(folder.path.printable()) has \(free.bytesText) free")
            }
            parts[step] = [:]
            return draft
        } catch {
            fail(step, "\(error)")
            return nil
        }
    }

    /// - Parameter best: the best evaluation up to that step.
    func add(_ part: SavedPart, rank: Int, best: EvaluationMetrics?) {
        guard parts[part.step] != nil else { return }
        parts[part.step]?[rank] = part
        guard let all = parts[part.step], all.count == plan.placement.rankCount else { return }
        parts[part.step] = nil
        do {
            waiting.append(try complete(part.step, all.sorted { $0.key < $1.key }.map(\.value), best))
        } catch {
            fail(part.step, "\(error)")
        }
        startCommit()
    }

    /// A rank could not write its part: what the others write of it is no checkpoint.
    func fail(_ step: Int, _ reason: String) {
        parts[step] = nil
        guard failed.insert(step).inserted else { return }
        results.update { $0.append(.failed(step: step, reason: reason)) }
    }

    private func complete(
        _ step: Int, _ parts: [SavedPart], _ best: EvaluationMetrics?
    ) throws -> (commit: StepCommit, metrics: CheckpointMetrics) {
        guard let first = parts.first, parts.allSatisfy({ $0.state == first.state }) else {
            throw RunFailure(.bug, "the ranks do not agree about the run's state")
        }
        let files = parts.flatMap(\.files).map { StepFile(name: $0.name, byteCount: $0.byteCount, hash: $0.hash) }
        let manifest = StepManifest(
            program: ProgramVersion.text, run: run, attempt: attempt, step: step,
            time: ISO8601DateFormatter().string(from: Date()), manifest: plan.manifest.partHashes,
            state: try JSONDecoder().decode(StepState.self, from: Data(first.state)), best: best.map { .init($0) },
            base: base, isFamilys: family != nil,
            files: files.sorted { $0.name < $1.name })
        let commit = StepCommit(
            folder: folder, rule: rule, rewind: plan.manifest.onNaN.distance, attempt: attempt, manifest: manifest,
            prefix: StepParts.prefix(plan), family: family, lineFiles: lineFiles)
        let metrics = CheckpointMetrics(
            step: step, bytes: 0, seconds: Double(parts.map(\.took).max() ?? 0) / 1e9,
            stall: Double(parts.map(\.stalled).max() ?? 0) / 1e9)
        return (commit, metrics)
    }

    // MARK: Committing

    private func startCommit() {
        guard !waiting.isEmpty, !isCommitting.withLock({ $0 }) else { return }
        thread?.join()
        thread = nil
        let (commit, metrics) = waiting.removeFirst()
        isCommitting.update { $0 = true }
        let (results, isCommitting) = (results, isCommitting)
        do throws(SystemError) {
            thread = try JoinableThread(name: "commit") {
                JoinableThread.stepBack()
                let outcome = Self.outcome(commit, metrics)
                results.update { $0.append(outcome) }
                // Reading back takes a while, and nobody waits for it.
                if case .committed = outcome {
                    do { try commit.prune() } catch {
                        results.update { $0.append(.failed(step: metrics.step, reason: "\(error)")) }
                    }
                }
                isCommitting.update { $0 = false }
            }
        } catch {
            isCommitting.update { $0 = false }
            fail(metrics.step, "\(error)")
        }
    }

    private static func outcome(_ commit: StepCommit, _ metrics: CheckpointMetrics) -> Outcome {
        let start = MonotonicClock.now
        do {
            var metrics = metrics
            metrics.bytes = try commit.run()
            metrics.seconds += Double(MonotonicClock.now - start) / 1e9
            return .committed(metrics)
        } catch {
            return .failed(step: metrics.step, reason: "\(error)")
        }
    }

    /// What became of checkpoints since the last call.
    func poll() -> [Outcome] {
        let outcomes = results.update { results in
            defer { results = [] }
            return results
        }
        for outcome in outcomes {
            switch outcome {
            case .committed(let metrics):
                failures = 0
                newest = metrics.step
            case .failed(let step, _):
                failures += 1
                File.remove(folder.draftPath(of: step, epoch: attempt))
            }
        }
        startCommit()
        return outcomes
    }

    /// Whether something is still to be committed.
    var isBusy: Bool {
        !waiting.isEmpty || isCommitting.withLock { $0 } || results.withLock { !$0.isEmpty }
    }

    /// Of an attempt that ends early: what is half written is removed.
    func close() {
        thread?.join()
        thread = nil
        folder.removeDrafts()
    }
}

extension TrainingPlan {
    /// About what a checkpoint takes.
    package var checkpointBytes: Int {
        let states = optimizer.state.count
        let trained = model.trainedCount.saturatingTimes(4 * (1 + states))
        let frozen = keepsTrainedOnly ? 0 : (model.parameterCount - model.trainedCount).saturatingTimes(4)
        return trained.saturatingPlus(frozen).saturatingPlus(1 << 20)
    }
}
