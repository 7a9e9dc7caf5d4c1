import CPUDevices
package import Manifests
package import Planning
package import Runs
package import Systems
package import Tensors
package import Transport
package import Workers

/// Starts the workers of one attempt at a run, and sees every one of them end.
package protocol Launcher: AnyObject {
    /// The coordinator's side of the network on which the workers will be.
    func listen(_ configuration: ControlServer.Configuration) throws(TransportError) -> ControlServer
    func start(rank: Int, server: ControlServer, directory: RunDirectory) throws(RunFailure)
    /// Those that ended since the last call.
    func reap() -> [(rank: Int, ending: ChildProcess.Ending)]
    /// Before another epoch with another plan: ends these workers; the others outlive their epoch.
    /// - Precondition: workers are processes.
    func goOver(to plan: TrainingPlan, without lost: Set<Int>)
    /// The process of a rank, where it has one of its own on this machine.
    func process(of rank: Int) -> Int32?
    /// Where Ctrl-Z was pressed: stops the workers and this process, and returns once it goes on.
    func pauseIfAsked()
    /// Gives workers so many seconds to leave by themselves, then ends the rest; returns when none is left.
    func endAll(grace: Double)
}

/// What the workers of a run are.
///
///     let run = try TrainingRun.start(pipeline, launch: .threads)
public struct LaunchMode: Sendable {
    package let launcher: @Sendable (TrainingPlan, Terms) throws(RunFailure) -> any Launcher
    /// Whether workers have descriptors, memory limits and files of their own.
    package let usesProcesses: Bool

    /// One process for each device, as `echelon train` has it: a worker that crashes or hangs is ended, and named.
    public static let processes = LaunchMode(usesProcesses: true) { plan, terms throws(RunFailure) in
        guard let cluster = terms.cluster else {
            return try ProcessLauncher(plan, environment: terms.environment) as any Launcher
        }
        return try HostLauncher(plan, cluster, environment: terms.environment)
    }

    /// What processes are started with.
    package struct Terms: Sendable {
        /// What `EnvironmentFile` gives to every worker.
        package var environment: [String: String] = [:]
        /// Of a run on several hosts.
        package var cluster: Cluster?
    }

    /// All workers are threads of this process, and messages never leave it: for tests and for trying things out. The
    /// results are those of processes, bit for bit. A worker that crashes takes the program with it, and one that hangs
    /// in a layer of the program's own is waited for.
    public static let threads = threads { device, plan throws(TensorError) in
        try device.pinnedBackend(plan.manifest, .thread)
    }

    /// The same on devices of one's own.
    /// - Parameters:
    ///   - keeper: where the state lies that the steps begin with, and will lie.
    ///   - backend: called on each worker's thread, which is to compute.
    package static func threads(
        keeper: (any StateKeeper)? = nil,
        on backend: @escaping @Sendable (PipelineManifest.Device, TrainingPlan) throws(TensorError) -> any Backend
    ) -> LaunchMode {
        LaunchMode(usesProcesses: false) { plan, _ throws(RunFailure) in try ThreadLauncher(plan, keeper, backend) }
    }

    private init(
        usesProcesses: Bool,
        _ launcher: @escaping @Sendable (TrainingPlan, Terms) throws(RunFailure) -> any Launcher
    ) {
        self.usesProcesses = usesProcesses
        self.launcher = launcher
    }
}
