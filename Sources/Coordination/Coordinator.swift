public import Manifests
package import Planning
public import Runs
import Systems
import Workers

/// A run from beginning to end: what must hold before it starts, its folder, its attempt, and what it leaves.
public final class Coordinator {
    /// What is written while the run goes on.
    public enum Output: Sendable {
        /// Lines for people and a bar, on standard output and the terminal.
        case progress
        /// One JSON object for each step, on standard output; notes on standard error.
        case json
        /// Notes alone, on standard error.
        case quiet
    }

    /// What a run is started with, beside its pipeline.
    public struct Options: Sendable {
        /// The run's folder: new, empty, or of a run that did not begin; nil: `runs/NAME`, or `runs/NAME-2` and so on.
        public var runDirectory: String?
        /// Where workers started by hand connect; nil: any free port.
        public var port: UInt16?
        /// This machine's address, where they connect from other machines; nil: its loopback address.
        public var address: String?
        /// What `echelon keys` made: the folder, or the coordinator's file in it; nil: workers started by hand show the
        /// run's secret, and are on this machine.
        public var keys: String?
        /// What is written while the run goes on.
        public var output: Output
        /// Where to serve a live page, as `DashboardAddress` reads it; nil: nowhere.
        public var dashboard: String?
        /// What the workers are.
        public var launch: LaunchMode
        /// Which checkpoint of the run's folder to go on from; nil: a new run begins.
        public var resume: ResumeMode?
        /// Keys of the manifest that may differ from the run's that goes on, though it goes on otherwise then.
        public var accepted: Set<String> = []
        /// A file of hosts (`HostFile`) on which the workers are started; nil: all are on this machine.
        public var hosts: String?
        /// Of a run on several hosts.
        package var cluster: Cluster?
        /// Measures what joins a run's hosts, with messages of so many bytes; nil: what the manifest does not say is not known.
        package var measureLinks: (@Sendable (Cluster, Int) throws(RunFailure) -> PipelineManifest.Links)?
        /// Whether a new run begins, in a folder of its own, with the weights of the checkpoint that `resume` names.
        public var takesWeightsOnly = false

        /// Progress lines and processes of its own, unless given.
        public init(
            runDirectory: String? = nil, port: UInt16? = nil, address: String? = nil, keys: String? = nil,
            output: Output = .progress, dashboard: String? = nil, launch: LaunchMode = .processes,
            resume: ResumeMode? = nil
        ) {
            self.address = address
            self.keys = keys
            self.runDirectory = runDirectory
            self.port = port
            self.output = output
            self.dashboard = dashboard
            self.launch = launch
            self.resume = resume
        }
    }

    /// Runs a pipeline from beginning to end. Returns when the run is done and nothing of it is left but its directory.
    /// - Throws: a user's mistake before any work starts; a lost worker or an interrupt afterwards.
    public static func train(_ manifest: PipelineManifest, _ options: Options) throws(RunFailure) {
        var (manifest, options) = (manifest, options)
        if options.takesWeightsOnly {
            let source = RunDirectory(options.runDirectory ?? "runs/\(manifest.name)")
            manifest.weights = try ResumePoint.weights(in: source, options.resume ?? .latest) { note in
                Console.note(note)
            }
            (options.runDirectory, options.resume) = (nil, nil)
        }
        if let hosts = options.hosts {
            options.cluster = try Cluster.over(hosts, manifest, address: options.address)
        }
        manifest.hosts = options.cluster?.hosts ?? []
        if let own = options.cluster?.ownNames { manifest.links = manifest.links?.seen(from: own) }
        manifest = options.keepingChoices(of: manifest)
        var plan = try TrainingPlan(manifest)
        try check(plan, options)
        Interrupts.catchAll()
        let notes = try plan.fit(to: options)
        let dashboard = try options.dashboard.map { address throws(RunFailure) in
            try DashboardChild(address: address)
        }
        defer { dashboard?.close() }
        let coordinator = try Coordinator(plan, options)
        if let dashboard {
            dashboard.follow(coordinator.directory)
            for (index, url) in dashboard.urls.enumerated() {
                coordinator.journal.display.note(
                    index == 0 ? "live page: \(url)" : "live page, from another machine: \(url)")
            }
        }
        for note in notes { coordinator.journal.display.tell(note) }
        try coordinator.run()
    }

    /// What must hold before anything is started or written.
    static func check(_ plan: TrainingPlan, _ options: Options) throws(RunFailure) {
        try Preflight.check(plan)
        try plan.checkProducts()
        guard options.launch.usesProcesses || !plan.movesStates else {
            let key = plan.manifest.mirror ? "mirror" : "recut"
            throw .badInput(
                "\(plan.manifest.mark(of: key)): \(key) is for workers that are processes of their own, not threads")
        }
        if options.launch.usesProcesses { try DescriptorCheck.run(plan) }
    }

    var plan: TrainingPlan
    var attempt: Attempt
    /// Makes an attempt at a plan; on a launcher whose workers go on, or on one of its own.
    let newAttempt: (TrainingPlan, (any Launcher)?) throws(RunFailure) -> Attempt
    let stop: StopRequest
    var restarts: RestartRule
    /// Devices that no lost worker's stage was given to.
    var spares: [PipelineManifest.Device]
    let journal: RunJournal
    /// Of a run that went back from a step that was not finite.
    var wentBack: Return?
    let steps: Range<Int>?

    /// Claims the run's folder. All that may be refused comes before that: what is refused leaves no folder.
    /// - Parameters:
    ///   - steps: those to do; nil: all.
    ///   - stop: ends the run early.
    ///   - onStep: told of each step, on the thread that runs.
    package init(
        _ plan: TrainingPlan, _ options: Options, steps: Range<Int>? = nil, stop: StopRequest = StopRequest(),
        onStep: @escaping @Sendable (StepMetrics) -> Void = { _ in }
    ) throws(RunFailure) {
        self.plan = plan
        self.steps = steps
        let entrance: HandEntrance
        if let cluster = options.cluster {
            entrance = try HandEntrance(plan, options, cluster)
        } else {
            entrance = try HandEntrance(plan, options)
        }
        let isOfProcesses = options.launch.usesProcesses
        let terms = LaunchMode.Terms(
            environment: isOfProcesses ? try EnvironmentFile.load() : [:], cluster: options.cluster)
        let display = try RunDisplay(plan, options.output, stop)
        self.stop = stop
        restarts = RestartRule(plan.manifest.restart)
        spares = plan.manifest.spares
        newAttempt = { (plan, launcher) throws(RunFailure) in
            let own: any Launcher
            if let launcher { own = launcher } else { own = try options.launch.launcher(plan, terms) }
            return try Attempt(plan, own, entrance, stop: stop)
        }
        let attempt = try newAttempt(plan, nil)
        self.attempt = attempt
        do throws(RunFailure) {
            let place = RunPlace(path: options.runDirectory, resume: options.resume, accepted: options.accepted)
            let record = try RunRecord(plan, place) { display.note($0) }
            journal = RunJournal(plan, record, display, onStep: onStep)
        } catch {
            attempt.end()
            throw error
        }
    }

    var directory: RunDirectory { journal.directory }

    /// Of a run that does not begin: stops listening.
    func close() { attempt.end() }

    package func run() throws(RunFailure) {
        let (record, display) = (journal.record, journal.display)
        if let note = record.note { display.note(note) }
        let first = record.point?.step ?? 0
        guard first < plan.manifest.steps || record.lacksWeights else {
            attempt.end()
            display.note("run \(directory.path.printable()) is done: \(first) of \(plan.manifest.steps) steps")
            return try display.end()
        }
        record.watchDisk()
        display.begin(directory: directory.path)
        if record.lacksWeights {
            display.note("all \(first) steps are done; the weights, which were not written yet, are written now")
        } else if record.point != nil {
            display.tell("going on behind step \(first) of \(plan.manifest.steps)")
        }
        do {
            let outcome = try complete()
            let failure =
                outcome.divergence.failure(plan, directory: directory)
                ?? outcome.stoppedAfter.map { stopped(after: $0) }
            display.reporting(loggedBytes: record.loggedBytes)
            let report = try record.finish(bytesWritten: outcome.stoppedAfter == nil ? outcome.bytesWritten : nil)
            // Only now: whoever goes on takes the weights of a run that is done for its last ones.
            journal.enter(failure == nil ? .done : .failed)
            for missing in record.missing { display.note(missing) }
            if let failure { throw failure }
            if plan.manifest.onNaN == .skip, let skipped = outcome.divergence.skippedText { display.note(skipped) }
            display.finish(report, best: outcome.best, isComplete: record.isComplete)
        } catch {
            journal.enter(.failed)
            display.endEarly()
            throw RunFailure(wrapping: error)
        }
        try display.end()
    }
}
