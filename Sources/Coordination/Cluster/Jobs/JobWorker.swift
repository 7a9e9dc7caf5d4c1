import Glibc
public import Manifests
import Planning
public import Runs
import Systems
import Transport
import Workers

/// One of the processes that a cluster's manager started for a run, as `srun echelon worker PIPELINE` does: it finds out by its
/// environment which rank it is.
///
/// Rank 0's process is the run's coordinator, and starts its own worker as a child. So the manager's signals reach the
/// process that can write a checkpoint, its exit code is the run's, and a worker that crashes is named by one that lives.
/// What ended is not started again here: that is the manager's part, and the run goes on by itself from its newest
/// checkpoint.
public enum JobWorker {
    /// What the command line says beside the pipeline.
    public struct Options: Sendable {
        /// The run's folder, which all hosts share; nil: `runs/NAME`.
        public var runDirectory: String?
        /// This host's address; nil: found out.
        public var address: String?
        /// What rank 0 writes while the run goes on.
        public var output: Coordinator.Output

        /// Rank 0 writes progress lines unless told otherwise.
        public init(runDirectory: String? = nil, address: String? = nil, output: Coordinator.Output = .progress) {
            self.runDirectory = runDirectory
            self.address = address
            self.output = output
        }
    }

    /// Returns when the run is done.
    /// - Throws: bad input where no manager started this process, or another number of them than the pipeline has devices.
    public static func run(_ manifest: PipelineManifest, _ options: Options) throws(RunFailure) {
        guard let job = try JobEnvironment.find(ChildProcess.inheritedEnvironment) else {
            throw .badInput(
                "worker: expected --rank R and --coordinator tcp://HOST:PORT, or a job's environment: SLURM_PROCID as of "
                    + "srun, RANK and WORLD_SIZE as of torchrun, or PET_NODE_RANK")
        }
        try check(manifest, job)
        Interrupts.enterJob()
        let directory = options.runDirectory ?? "runs/\(manifest.name)"
        let invitation = try Invitation(beside: directory, job, pipeline: manifest.resolvedYAML())
        if job.rank == 0 {
            try lead(manifest, job, invitation, directory, options)
        } else {
            try follow(manifest, job, invitation, directory, options)
        }
    }

    private static func check(_ manifest: PipelineManifest, _ job: JobEnvironment) throws(RunFailure) {
        guard job.world == manifest.devices.count else {
            throw .badInput(
                "\(manifest.mark(of: "devices")): \(manifest.devices.count) devices, and a worker for each, but "
                    + "\(job.worldName) is \(job.world): expected \(job.advice), or \(job.world) devices")
        }
        try checkKeys(manifest)
    }

    /// What a job's workers cannot do.
    static func checkKeys(_ manifest: PipelineManifest) throws(RunFailure) {
        try Cluster.check(manifest, "a job's manager starts each worker")
        for (key, isSet) in [("restart", manifest.restart != nil), ("elastic", manifest.elastic)] where isSet {
            throw .badInput(
                "\(manifest.mark(of: key)): \(key): a job's manager starts lost workers again, and the run goes on from its "
                    + "newest checkpoint; leave it out, or --set \(key)=\(key == "elastic" ? "false" : "null")")
        }
    }

    private static func lead(
        _ manifest: PipelineManifest, _ job: JobEnvironment, _ invitation: Invitation, _ directory: String,
        _ options: Options
    ) throws(RunFailure) {
        var settings = Coordinator.Options(
            runDirectory: directory, port: job.port, output: options.output, resume: .auto)
        do {
            let hosts = (0..<job.world).map { $0 == 0 ? "" : "task \($0)" }
            var address = options.address
            if address == nil, job.world > 1 { address = try Self.address(job) }
            settings.cluster = Cluster(
                hosts: hosts, address: address,
                keys: RunKeys(invitation.secret), way: .job(invitation))
            invitation.clear()
            try Coordinator.train(manifest, settings)
        } catch {
            let failure = RunFailure(wrapping: error)
            invitation.close(failure.code)
            throw failure
        }
        invitation.close(.done)
    }

    /// Of rank 0's host, as the others reach it: from where it reaches them, else what the job or the system calls it. A pod's
    /// name in its job is known to others before it is to itself.
    private static func address(_ job: JobEnvironment) throws(RunFailure) -> String {
        if job.isOneHost { return "127.0.0.1" }
        for peer in job.peers {
            if let number = try? Address.own(toward: peer) { return number }
        }
        for name in [job.master ?? "", WorkerConfiguration.hostName()] {
            if let number = Address.ownNumber(of: name) { return number }
        }
        throw .badInput("the address by which others reach this host is not known: name it with --address, for rank 0")
    }

    private static func follow(
        _ manifest: PipelineManifest, _ job: JobEnvironment, _ invitation: Invitation, _ directory: String,
        _ options: Options
    ) throws(RunFailure) {
        try WorkerEnvironment.prepare(threads: manifest.devices[job.rank].threads, given: EnvironmentFile.load())
        Interrupts.leaveToCoordinator()
        let run = RunDirectory(directory)
        let (coordinator, secret) = try invitation.wait(run, limit: patience) { text in
            try? Console.write("echelon: rank \(job.rank): \(text)\n", to: STDERR_FILENO)
        }
        var worker = WorkerProcess.Options(
            rank: job.rank, coordinator: coordinator, pipeline: run.manifestPath, address: options.address)
        worker.elsewhere = Array(1..<job.world)
        worker.isInJob = true
        worker.ownKeys = try RunKeys(secret).worker(job.rank)
        let resolved: PipelineManifest
        do { resolved = try PipelineManifest.load(path: run.manifestPath) } catch { throw RunFailure(wrapping: error) }
        try WorkerProcess.run(resolved, worker)
    }

    /// Hosts of one job may come up minutes apart.
    private static let patience = 1800.0
}
