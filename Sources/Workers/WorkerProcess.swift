import CPUDevices
import Glibc
public import Manifests
import Planning
public import Runs
import Scheduling
import Systems
package import Transport

/// The whole life of one worker process: join the run, compute every step, leave.
public enum WorkerProcess {
    /// Who the worker is, and where its run is.
    public struct Options: Sendable {
        /// Its place among the pipeline's devices, counted from 0.
        public var rank: Int
        /// Where it registers: `tcp://HOST:PORT`, or `ipc:///PATH` of a coordinator on this machine.
        public var coordinator: String
        /// Whether standard input ends when the coordinator does.
        public var hasLifeline: Bool
        /// The path that the manifest was read from: the run's secret lies beside it.
        public var pipeline: String
        /// Where else the secret is.
        public var secretFile: String?
        /// The worker's file of `echelon keys`, or the folder with it: it takes the secret's place.
        public var keys: String?
        /// This machine's address, where other workers reach this one; nil: that from which it reaches the coordinator.
        public var address: String?

        /// Ranks on other hosts than the coordinator's, where the run's own launcher started them.
        package var elsewhere: [Int] = []
        /// Whether a job's manager signals all processes of the run at once: this one leaves that to the coordinator.
        package var isInJob = false
        /// This worker's key, where a job's invitation told it.
        package var ownKeys: WorkerKeys?

        /// Started by hand unless `hasLifeline` says that the coordinator started it.
        public init(
            rank: Int, coordinator: String, pipeline: String, secretFile: String? = nil, keys: String? = nil,
            address: String? = nil, hasLifeline: Bool = false
        ) {
            self.keys = keys
            self.address = address
            self.rank = rank
            self.coordinator = coordinator
            self.pipeline = pipeline
            self.secretFile = secretFile
            self.hasLifeline = hasLifeline
        }
    }

    /// - Throws: `RunFailure`; the coordinator has been told.
    public static func run(_ manifest: PipelineManifest, _ options: Options) throws(RunFailure) {
        var manifest = manifest
        if !options.elsewhere.isEmpty {
            // Which hosts those are, only the coordinator says.
            let ranks = Set(options.elsewhere)
            manifest.hosts = manifest.devices.indices.map { ranks.contains($0) ? "another host" : "" }
        }
        let plan = try TrainingPlan(manifest)
        guard plan.placement.ranks.contains(options.rank) else {
            throw .badInput(
                "--rank \(options.rank): the pipeline has \(plan.placement.rankCount) devices, so ranks 0 to \(plan.placement.rankCount - 1)"
            )
        }
        let device = plan.device(of: options.rank)
        try DescriptorCheck.worker(options.rank, plan)
        try WorkerEnvironment.prepare(threads: device.threads)
        TransportTuning.apply()
        if options.isInJob { Interrupts.leaveToCoordinator() }
        let endpoint = try join(plan, options)
        let isElsewhere = plan.placement.host(of: options.rank) == .elsewhere
        var next = try WorkerRun(plan, rank: options.rank, endpoint: endpoint, say: say).run {
            if isElsewhere { try checkCores(of: device, options.rank) }
            return try device.pinnedBackend(plan.manifest)
        }
        while let (seat, luggage) = next { next = try goOver(to: seat, luggage, options) }
    }

    /// The coordinator has looked at its own machine's alone.
    private static func checkCores(of device: PipelineManifest.Device, _ rank: Int) throws(RunFailure) {
        let allowed = Cores.allowed
        guard device.kind == .cpu, let missing = device.cores.first(where: { !allowed.contains($0) }) else { return }
        throw .badInput(
            "device \(device) of rank \(rank): there is no core \(missing) for it on its host, "
                + "\(WorkerConfiguration.hostName()); expected some of "
                + allowed.map { "cpu:\($0)" }.joined(separator: ", "))
    }

    /// Another epoch of the run, in the same process: on the same device, with what it kept of the one before.
    private static func goOver(
        to seat: Seat, _ luggage: Luggage, _ options: Options
    ) throws(RunFailure) -> (seat: Seat, luggage: Luggage)? {
        let manifest: PipelineManifest
        do { manifest = try PipelineManifest.load(path: seat.manifest) } catch { throw RunFailure(wrapping: error) }
        let plan = try TrainingPlan(manifest)
        var options = options
        (options.rank, options.coordinator, options.pipeline) = (seat.rank, seat.coordinator, seat.manifest)
        let endpoint = try join(plan, options, secret: seat.secret)
        return try WorkerRun(plan, rank: seat.rank, endpoint: endpoint, luggage: luggage, say: say).run {
            try plan.device(of: seat.rank).pinnedBackend(plan.manifest)
        }
    }

    /// - Parameter secret: of an epoch that follows another; nil: as the worker was started.
    private static func join(
        _ plan: TrainingPlan, _ options: Options, secret: RunSecret? = nil
    ) throws(RunFailure) -> WorkerEndpoint {
        var configuration = WorkerRun.configuration(
            plan, rank: options.rank, coordinator: options.coordinator, digest: try plan.digest(of: options.rank))
        if let secret { configuration.secret = secret } else { try introduce(options, plan, &configuration) }
        configuration.note = say
        if options.hasLifeline {
            // The endpoint closes what it watches, and another epoch needs it again.
            configuration.lifeline = plan.movesStates ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : STDIN_FILENO
        }
        configuration.onCoordinatorGone = { _exit(ExitCode.interrupted.rawValue) }
        let endpoint = WorkerEndpoint(configuration)
        do {
            try endpoint.start()
            return endpoint
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// What the worker proves itself by, and where its links are.
    private static func introduce(
        _ options: Options, _ plan: TrainingPlan, _ configuration: inout WorkerConfiguration
    ) throws(RunFailure) {
        var own = options.ownKeys
        if own == nil { own = try WorkerKeyVariable.take(rank: options.rank) }
        // Where to is the first thing that can be wrong.
        do {
            _ = try Address.resolve(options.coordinator, elsewhere: options.keys != nil || own != nil)
        } catch {
            throw RunFailure(wrapping: error)
        }
        configuration.address = options.address
        if let keys = options.keys {
            guard options.secretFile == nil else { throw .badInput("choose one of --keys and --secret-file") }
            guard options.coordinator.hasPrefix("tcp://") else {
                throw .badInput(
                    "--keys: a worker at \(options.coordinator.printable()) needs none; expected tcp://HOST:PORT")
            }
            configuration.keys = try KeyFile.worker(at: keys, rank: options.rank)
            return
        }
        if let own, options.coordinator.hasPrefix("tcp://") {
            configuration.keys = own
            return
        }
        configuration.secret = try SecretFile.find(beside: options.pipeline, named: options.secretFile)
        guard options.address != nil else { return }
        guard options.hasLifeline else {
            throw .badInput("--address: other machines may reach it, which needs --keys (`echelon keys`)")
        }
        configuration.distant = Set(plan.placement.distantRanks)
    }

    /// On the terminal of whoever started it by hand, else in its log.
    @Sendable private static func say(_ text: String) {
        Console.note(text)
    }
}
