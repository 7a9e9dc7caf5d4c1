import Manifests
import Planning
import Runs
import Systems
import Transport

/// Workers as processes of this program.
final class ProcessLauncher: Launcher {
    private var plan: TrainingPlan
    private let pool: WorkerPool

    /// - Parameter environment: what every worker is given.
    init(_ plan: TrainingPlan, environment: [String: String] = [:]) throws(RunFailure) {
        self.plan = plan
        pool = try WorkerPool(environment: environment)
    }

    func listen(_ configuration: ControlServer.Configuration) throws(TransportError) -> ControlServer {
        try ControlServer(configuration)
    }

    func start(rank: Int, server: ControlServer, directory: RunDirectory) throws(RunFailure) {
        try pool.start(
            rank: rank, coordinator: server.ipcAddress, directory: directory,
            threads: plan.device(of: rank).threads, address: server.linkHost,
            Interrupts.areOfJob ? ["--in-job"] : [], secret: server.configuration.secret)
    }

    func goOver(to plan: TrainingPlan, without lost: Set<Int>) {
        self.plan = plan
        pool.end(lost)
    }

    func reap() -> [(rank: Int, ending: ChildProcess.Ending)] { pool.reap() }
    func process(of rank: Int) -> Int32? { pool.process(of: rank) }
    func pauseIfAsked() { pool.pauseIfAsked() }
    func endAll(grace: Double) { pool.endAll(grace: grace) }
}
