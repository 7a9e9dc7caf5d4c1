import Glibc
import Manifests
import Planning
import Runs
import Scheduling
import Systems
import Transport

/// Workers on several hosts: this machine's as processes, the others' over ssh, or started by a job's manager.
final class HostLauncher: Launcher {
    private var plan: TrainingPlan
    private let cluster: Cluster
    private let environment: [String: String]
    private let pool: WorkerPool
    private var hasInvited = false

    init(_ plan: TrainingPlan, _ cluster: Cluster, environment: [String: String]) throws(RunFailure) {
        self.plan = plan
        self.cluster = cluster
        self.environment = environment
        pool = try WorkerPool(environment: environment)
    }

    func listen(_ configuration: ControlServer.Configuration) throws(TransportError) -> ControlServer {
        try ControlServer(configuration)
    }

    func start(rank: Int, server: ControlServer, directory: RunDirectory) throws(RunFailure) {
        let elsewhere = plan.placement.ranks(on: .elsewhere).map(String.init).joined(separator: ",")
        var more = elsewhere.isEmpty ? [] : ["--elsewhere", elsewhere]
        if Interrupts.areOfJob { more.append("--in-job") }
        switch (plan.placement.host(of: rank), cluster.way) {
        case (.coordinator, _):
            try pool.start(
                rank: rank, coordinator: server.ipcAddress, directory: directory,
                threads: plan.device(of: rank).threads, address: server.linkHost, more,
                secret: server.configuration.secret)
        case (_, .shell(let shell)): try start(rank, over: shell, more, server, directory)
        case (_, .job(let invitation)):
            guard !hasInvited else { return }
            try invitation.invite(to: server.tcpAddress ?? "")
            hasInvited = true
        }
    }

    private func start(
        _ rank: Int, over shell: RemoteShell, _ more: [String], _ server: ControlServer, _ directory: RunDirectory
    ) throws(RunFailure) {
        let log = try WorkerPool.log(directory.logPath(rank: rank))
        defer { close(log) }
        do {
            let arguments =
                ["worker", try File.absolute(directory.manifestPath), "--rank", "\(rank)"]
                + ["--coordinator", server.tcpAddress ?? "", "--lifeline"] + more
            try cluster.start(
                rank, on: plan.manifest.hosts[plan.placement.device(of: rank)], over: shell, arguments,
                environment: environment, pool, log: log)
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    func goOver(to plan: TrainingPlan, without lost: Set<Int>) {
        preconditionFailure("workers on several hosts do not go over")
    }

    func reap() -> [(rank: Int, ending: ChildProcess.Ending)] { pool.reap() }
    /// On this machine alone: of others there is the process that reaches them.
    func process(of rank: Int) -> Int32? {
        plan.placement.host(of: rank) == .coordinator ? pool.process(of: rank) : nil
    }
    func pauseIfAsked() { pool.pauseIfAsked() }
    func endAll(grace: Double) { pool.endAll(grace: grace) }
}
