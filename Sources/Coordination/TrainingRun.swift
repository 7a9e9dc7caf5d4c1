public import Manifests
import Notation
import Planning
public import Reports
public import Runs
import Synchronization
import Systems
import Workers

/// A run that a program started: its steps as they come, its folder, its weights.
///
///     let run = try TrainingRun.start(pipeline)
///     for try await step in run.steps { losses.append(step.loss) }
///     try run.save(to: "weights.safetensors")
///
/// The run goes on by itself, on threads of its own: a program that does not read `steps` holds nothing up. It ends when
/// all steps are done, at `cancel()`, or when nobody refers to it any more.
public final class TrainingRun: Sendable {
    /// The metrics of a step after another. What was not read yet waits: some 200 bytes a step.
    public struct Steps: AsyncSequence, Sendable {
        let run: TrainingRun

        /// Reads the steps; while it exists, the run goes on.
        public struct AsyncIterator: AsyncIteratorProtocol {
            /// Somebody reads: the run goes on.
            let run: TrainingRun
            var stream: AsyncThrowingStream<StepMetrics, any Error>.Iterator

            public mutating func next() async throws -> StepMetrics? { try await stream.next() }
        }

        public func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(run: run, stream: run.stream.makeAsyncIterator())
        }
    }

    /// Each step's metrics, from the first step on; throws the `RunFailure` that ended the run early. To be read once.
    public var steps: Steps { Steps(run: self) }
    private let stream: AsyncThrowingStream<StepMetrics, any Error>
    /// The run's folder, with manifest, metrics, events, and at the end weights and report.
    public let directory: RunDirectory

    private let stop: StopRequest
    private let thread: JoinableThread
    private let result: Shared<Result<Void, RunFailure>?>

    /// Checks the pipeline, claims the run's folder and starts the workers; returns while they start.
    /// - Parameters:
    ///   - pipeline: what to train, and how.
    ///   - launch: what the workers are.
    ///   - directory: the run's folder: new, empty, or of a run that did not begin; nil: `runs/NAME`, or `runs/NAME-2` and
    ///     so on.
    ///   - resume: which checkpoint of that folder to go on from; nil: a new run begins.
    /// - Throws: a mistake in the pipeline, with the place where it was written; nothing is started then.
    public static func start(
        _ pipeline: PipelineManifest, launch: LaunchMode = .processes, directory: String? = nil,
        resume: ResumeMode? = nil
    ) throws(RunFailure) -> TrainingRun {
        try TrainingRun(
            pipeline,
            Coordinator.Options(runDirectory: directory, output: .quiet, launch: launch, resume: resume))
    }

    private init(_ pipeline: PipelineManifest, _ options: Coordinator.Options) throws(RunFailure) {
        if options.launch.usesProcesses { try WorkerProcess.checkEntered() }
        do throws(ManifestError) { try pipeline.check() } catch { throw RunFailure(wrapping: error) }
        let plan = try TrainingPlan(options.keepingChoices(of: pipeline))
        try Coordinator.check(plan, options)
        let (stream, continuation) = AsyncThrowingStream<StepMetrics, any Error>.makeStream()
        let (stop, result) = (StopRequest(), Shared<Result<Void, RunFailure>?>(nil))
        let coordinator = try Coordinator(plan, options, stop: stop) { continuation.yield($0) }
        directory = coordinator.directory
        let box = Box(coordinator)
        do throws(SystemError) {
            thread = try JoinableThread(name: "coordinator") {
                let outcome = Result { () throws(RunFailure) in try box.run() }
                result.update { $0 = outcome }
                switch outcome {
                case .success: continuation.finish()
                case .failure(let failure): continuation.finish(throwing: failure)
                }
            }
        } catch {
            box.close()
            throw RunFailure(wrapping: error)
        }
        (self.stream, self.stop, self.result) = (stream, stop, result)
    }

    deinit {
        cancel()
        thread.join()
    }

    /// Hands the coordinator over to its thread, and lets go of it there.
    private final class Box: Sendable {
        private let coordinator: Mutex<Coordinator?>

        init(_ coordinator: sending Coordinator) { self.coordinator = Mutex(coordinator) }

        func run() throws(RunFailure) {
            try coordinator.withLock { coordinator throws(RunFailure) in
                defer { coordinator = nil }
                try coordinator?.run()
            }
        }

        func close() { coordinator.withLock { $0?.close() } }
    }

    /// Asks the workers to stop after the present step's messages; no weights are written.
    public func cancel() { stop.ask() }

    /// Blocks until the run has ended and nothing of it is left but its folder. In asynchronous code, read `steps` to
    /// their end instead: the same holds then.
    /// - Throws: what ended it early.
    public func wait() throws(RunFailure) {
        let ended = result.wait { $0 }
        thread.join()
        if case .failure(let failure) = ended { throw failure }
    }

    /// The bubble report; the run is waited for.
    public func report() throws -> BubbleReport {
        try wait()
        return try directory.report()
    }

    /// Copies the trained weights to a safetensors file, with names as in torch.nn.Sequential's state dict; the run is
    /// waited for.
    /// - Parameter path: replaced where it exists.
    public func save(to path: String) throws(RunFailure) {
        try wait()
        do throws(SystemError) { try File.copy(directory.weightsPath, to: path) } catch {
            throw RunFailure(wrapping: error)
        }
    }
}
