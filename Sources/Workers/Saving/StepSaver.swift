import Checkpoints
import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors
import Transport

/// Writes a rank's part of checkpoints: copies its state between two steps, and writes the copy on a thread of its own.
///
/// A checkpoint that is due while the one before is still being written waits for it: a second copy would take as much
/// memory again, and all ranks have to keep the same steps.
final class StepSaver {
    private let files: [StageFile]
    private let live: LiveState
    private let endpoint: WorkerEndpoint
    private var snapshot: StateSnapshot?
    /// Has what replicas or shards share out brought together in the first one's copy; nil where each has all.
    private let gather: ((StateSnapshot, Int) throws -> Void)?
    /// Bytes of each tensor that is copied.
    private let sizes: [String: Int]
    private var thread: JoinableThread?

    /// - Parameters:
    ///   - isRepeated: whether checkpoints are written while training goes on: memory for a copy is taken now.
    ///   - gather: called by all of them behind the same steps, with the copy and the step.
    init(
        _ plan: TrainingPlan, rank: Int, _ parameters: [Int: StageParameters], _ endpoint: WorkerEndpoint,
        isRepeated: Bool, gather: ((StateSnapshot, Int) throws -> Void)?
    ) throws {
        let replica = plan.placement.replica(of: rank)
        self.gather = gather
        let isFirstShard = plan.placement.shard(of: rank) == 0
        var (files, states): ([StageFile], [StageState]) = ([], [])
        let map = try plan.familyMap()
        for stage in parameters.keys.sorted() {
            guard let state = parameters[stage]?.state else { continue }
            states.append(state)
            guard isFirstShard else { continue }
            files += try StageFile.files(ofStage: stage, state, map, plan, replica: replica)
        }
        self.files = files
        live = LiveState(states) { StageFile.keeps($0, plan, replica: replica) && $0.slice == nil }
        var sizes = live.sizes
        if replica == 0, isFirstShard {
            for state in states {
                for tensor in state.tensors where tensor.slice != nil && StageFile.keeps(tensor, plan, replica: 0) {
                    sizes[tensor.name] = tensor.whole.byteCount
                }
                for master in state.compactMasters { sizes[master.name] = state.spec(of: master).byteCount }
            }
        }
        self.sizes = sizes
        self.endpoint = endpoint
        if isRepeated { snapshot = StateSnapshot(sizes: sizes) }
    }

    deinit { finish() }

    /// Writes the state into the folder of a checkpoint, and tells the coordinator when it is on disk, or why not.
    /// - Parameter isLast: whether no step follows: the state is written from where it lies, before the call returns.
    func save(_ state: StepState, in folder: String, isLast: Bool) throws {
        let start = MonotonicClock.now
        finish()
        let job = Job(
            step: state.step, state: try state.encoded(), folder: folder, start: start,
            files: files, endpoint: endpoint)
        guard !isLast || gather != nil else {
            endpoint.updateStatus { $0.phase = .saving }
            return job.run(from: live)
        }
        let snapshot = snapshot ?? StateSnapshot(sizes: sizes)
        self.snapshot = snapshot
        snapshot.fill(from: live)
        try gather?(snapshot, state.step)
        guard !isLast else {
            endpoint.updateStatus { $0.phase = .saving }
            return job.run(from: snapshot)
        }
        let copied = job.copied()
        do throws(SystemError) {
            thread = try JoinableThread(name: "checkpoint") {
                // What is written may wait: what is computed must not wait for it.
                JoinableThread.stepBack()
                copied.run(from: snapshot)
            }
        } catch {
            job.fail(error)
        }
    }

    /// Waits until the last checkpoint's part is written. Its progress is the saver's thread's.
    func finish() {
        guard let thread else { return }
        endpoint.updateStatus { $0.phase = .saving }
        thread.join()
        self.thread = nil
    }
}

/// One rank's part of one checkpoint.
private struct Job: Sendable {
    var step: Int
    var state: [UInt8]
    var folder: String
    /// When training stood still.
    var start: UInt64
    /// When it went on; nil: it does not.
    var released: UInt64?
    var files: [StageFile]
    var endpoint: WorkerEndpoint

    /// The same, once the state is copied.
    func copied() -> Job {
        var copy = self
        copy.released = MonotonicClock.now
        return copy
    }

    func run(from source: some StateBytes) {
        do throws(SystemError) {
            var written: [SavedPart.File] = []
            for file in files {
                let stream = try SafetensorsStream(creating: folder + "/" + file.name, file.layout)
                try file.write(to: stream, from: source) { endpoint.updateStatus { $0.progress &+= 1 } }
                let done = try stream.finish()
                written.append(SavedPart.File(name: file.name, byteCount: done.byteCount, hash: done.hash))
            }
            let end = MonotonicClock.now
            let part = SavedPart(
                step: step, files: written, state: state, stalled: (released ?? start) - start,
                took: end - (released ?? start))
            endpoint.sendApplication(WorkerMessage.saved(part).encoded())
        } catch {
            fail(error)
        }
    }

    func fail(_ error: SystemError) {
        endpoint.sendApplication(WorkerMessage.notSaved(step: step, reason: "\(error)").encoded())
    }
}
