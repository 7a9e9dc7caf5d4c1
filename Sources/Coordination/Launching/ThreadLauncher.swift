import Glibc
import Manifests
import Planning
import Runs
import Scheduling
import Systems
import Tensors
import Transport
import Workers

/// Workers as threads of this process, over the in-memory network.
final class ThreadLauncher: Launcher {
    typealias MakeBackend = @Sendable (PipelineManifest.Device, TrainingPlan) throws(TensorError) -> any Backend

    private let plan: TrainingPlan
    private let keeper: (any StateKeeper)?
    private let backend: MakeBackend
    private let network = InMemoryNetwork()
    private var threads: [JoinableThread] = []
    private let progress = Shared(Progress())

    private struct Progress {
        /// By rank: those that run.
        var endpoints: [Int: WorkerEndpoint] = [:]
        /// Those that ended and were not told of yet.
        var ended: [(rank: Int, ending: ChildProcess.Ending)] = []
        var isEnding = false
    }

    init(
        _ plan: TrainingPlan, _ keeper: (any StateKeeper)?, _ backend: @escaping MakeBackend
    ) throws(RunFailure) {
        self.plan = plan
        self.keeper = keeper
        self.backend = backend
        let manifest = plan.manifest
        guard plan.placement.ranks(on: .byHand).isEmpty else {
            throw .badInput(
                "\(manifest.mark(of: "by_hand")): workers that are threads of one process are not started by hand")
        }
        // OpenBLAS has one number of threads in a process, and sums depend on it.
        let counts = Set(manifest.devices.map(\.threads))
        guard counts.count == 1 else {
            throw .badInput(
                "\(manifest.mark(of: "devices")): workers that are threads of one process have devices of equally many "
                    + "cores, expected all of \(counts.sorted()[0]), got \(counts.sorted().map(String.init).joined(separator: " and "))"
            )
        }
    }

    deinit { endAll(grace: 0) }

    func listen(_ configuration: ControlServer.Configuration) -> ControlServer {
        ControlServer(configuration, network: network)
    }

    func start(rank: Int, server: ControlServer, directory: RunDirectory) throws(RunFailure) {
        let log = try WorkerPool.log(directory.logPath(rank: rank))
        let configuration = WorkerRun.configuration(
            plan, rank: rank, coordinator: "this process", digest: server.configuration.digests[rank])
        let endpoint = WorkerEndpoint(configuration, network: network)
        do throws(TransportError) { try endpoint.start() } catch {
            close(log)
            throw RunFailure(wrapping: error)
        }
        progress.update { $0.endpoints[rank] = endpoint }
        let (plan, keeper, backend, progress) = (plan, keeper, backend, progress)
        do throws(SystemError) {
            threads.append(
                try JoinableThread(name: "worker \(rank)") {
                    let code = Self.work(plan, rank, endpoint, keeper, backend, log)
                    progress.update {
                        $0.endpoints[rank] = nil
                        $0.ended.append((rank, .exited(code)))
                    }
                })
        } catch {
            close(log)
            try? endpoint.close(goodbye: false)
            progress.update { $0.endpoints[rank] = nil }
            throw RunFailure(wrapping: error)
        }
    }

    /// - Returns: what a process would exit with.
    private static func work(
        _ plan: TrainingPlan, _ rank: Int, _ endpoint: WorkerEndpoint, _ keeper: (any StateKeeper)?,
        _ backend: MakeBackend, _ log: Int32
    ) -> Int32 {
        defer { close(log) }
        let say: @Sendable (String) -> Void = { try? Console.write("echelon: \($0)\n", to: log) }
        do throws(RunFailure) {
            try WorkerRun(plan, rank: rank, endpoint: endpoint, keeper: keeper, say: say).run {
                try backend(plan.device(of: rank), plan)
            }
            return ExitCode.done.rawValue
        } catch {
            say(error.message)
            return error.code.rawValue
        }
    }

    func goOver(to plan: TrainingPlan, without lost: Set<Int>) {
        preconditionFailure("threads do not outlive their epoch")
    }

    func reap() -> [(rank: Int, ending: ChildProcess.Ending)] {
        progress.update { progress in
            defer { progress.ended = [] }
            return progress.ended
        }
    }

    func process(of rank: Int) -> Int32? { nil }

    func pauseIfAsked() {
        if Interrupts.takePause() { Interrupts.pause() }
    }

    /// Each leaves at its next message, or at the end of its step.
    func endAll(grace: Double) {
        let endpoints = progress.withLock { $0.endpoints.values.map { $0 } }
        let deadline = MonotonicClock.now + UInt64(grace * 1e9)
        _ = progress.wait(until: deadline) { $0.endpoints.isEmpty ? true : nil }
        for endpoint in endpoints { endpoint.abort("the run ended") }
        for thread in threads { thread.join() }
        threads = []
    }
}
