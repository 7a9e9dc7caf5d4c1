import Coordination
import Glibc
package import Manifests
import Models
package import Planning
package import Runs
import Scheduling
import Systems
import Tensors
import Transport
import Workers

extension LayerProfile {
    /// Runs every pass of the model `repetitions` times on all of the pipeline's devices at once, as in a run, where they
    /// share memory and heat; after one run to warm up. Devices for which there is no memory take no part.
    /// - Throws: bad input: a device that does not exist or computes nothing, data that is not there; interrupted: by the
    ///   user, or because a process that measures ended or hangs.
    package static func measure(_ manifest: PipelineManifest, repetitions: Int = 5) throws(RunFailure) -> LayerProfile {
        let manifest = try ProductTuning.settled(try manifest.settled())
        let plan = try TrainingPlan(manifest.whole(on: manifest.devices[0]))
        try ProfileRun.check(plan)
        try Preflight.checkDevices(manifest)
        try DescriptorCheck.require(
            DescriptorCheck.coordinator(ranks: manifest.distinctDevices.count), "the command that measures")
        let devices = Array(manifest.distinctDevices.prefix(ProfileRun.room(for: plan)))
        Interrupts.catchAll()
        do {
            let run = try ProfileRun(manifest, devices)
            let (times, link, barrier) = try run.measure(repetitions: repetitions)
            return LayerProfile(
                plan, key: ProfileKey(manifest), devices: devices.map(\.description), times, link: link,
                barrier: barrier)
        } catch {
            throw RunFailure(wrapping: error)
        }
    }
}

/// Starts a process for each device, sees that they measure at the same time, and gathers what they say.
///
/// `Attempt` in Coordination does the same for a run's workers, and says why there are two.
final class ProfileRun {
    /// Holds the manifest of each process until it has read it. The last of them removes it, so that it goes also where
    /// this process is killed.
    private let folder: OwnedFolder
    private let server: ControlServer
    private let pool: WorkerPool
    private let devices: [PipelineManifest.Device]
    /// What each process says that is no message: open files without a name.
    private var logs: [Int: Int32] = [:]
    private var times: [Int: DeviceTimes] = [:]
    private var waiting: Set<Int> = []
    private var link: LayerProfile.Link?
    private var barriers: [Double] = []
    private var left: Set<Int> = []
    private var clock = ListeningClock()
    private var liveness: Liveness
    private var evidence = FailureEvidence()

    /// What must be right before anything is measured.
    static func check(_ plan: TrainingPlan) throws(RunFailure) {
        let device = plan.manifest.devices[0]
        guard device.kind == .cpu else {
            throw .badInput("profile: device \(device) computes nothing: there is no time to measure")
        }
        // One micro-batch in which nothing counts takes as long as another.
        try Preflight.check(plan, needsTargets: false)
    }

    /// On how many devices at once the memory that may be used here can hold the whole model.
    static func room(for plan: TrainingPlan) -> Int {
        let needed = plan.memory(ofRank: 0)
        return max(1, MemoryLimit.together.bytes / max(needed, 1))
    }

    init(_ manifest: PipelineManifest, _ devices: [PipelineManifest.Device]) throws {
        self.devices = devices
        pool = try WorkerPool(environment: EnvironmentFile.load())
        var configuration = ControlServer.Configuration(world: devices.count, digest: ProfileWorker.digest)
        configuration.socketParent = try ScratchFolder.parentForSockets()
        liveness = Liveness(world: devices.count, heartbeatTimeout: configuration.heartbeatTimeout)
        server = try ControlServer(configuration)
        do {
            folder = try OwnedFolder("echelon-profile")
        } catch {
            server.close()
            throw error
        }
        do {
            for (rank, device) in devices.enumerated() {
                try File.write(manifest.whole(on: device).resolvedYAML().utf8, to: manifestPath(rank))
            }
        } catch {
            clear()
            throw error
        }
    }

    private func manifestPath(_ rank: Int) -> String { "\(folder.path)/\(rank).yaml" }

    func measure(repetitions: Int) throws -> ([DeviceTimes], LayerProfile.Link?, barrier: Double) {
        defer { clear() }
        for rank in devices.indices { try start(rank, repetitions) }
        while left.count < devices.count {
            let events = try server.poll(timeout: .milliseconds(50))
            clock.tick(at: MonotonicClock.now)
            for event in events { try handle(event) }
            try checkHealth()
        }
        let ordered = devices.indices.compactMap { times[$0] }
        return (ordered, link, barriers.max() ?? 0)
    }

    private func start(_ rank: Int, _ repetitions: Int) throws {
        let path = "\(folder.path)/\(rank).log"
        let log = try WorkerPool.log(path)
        unlink(path)
        logs[rank] = log
        try pool.start(
            rank,
            [
                "profile", manifestPath(rank), "--repetitions", "\(repetitions)", "--rank", "\(rank)", "--world",
                "\(devices.count)", "--coordinator", server.ipcAddress,
            ], threads: devices[rank].threads, log: log, secret: server.configuration.secret)
    }

    private func checkHealth() throws(RunFailure) {
        pool.pauseIfAsked()
        guard Interrupts.count == 0 else {
            throw RunFailure(.interrupted, "interrupted: nothing was kept of the profile")
        }
        for (rank, ending) in pool.reap() where ending != .exited(0) && !left.contains(rank) {
            add(FailureEvidence.Sign(ending), rank)
        }
        for rank in liveness.silentRanks(at: clock.now) {
            add(.silent(Double(liveness.silence(of: rank, at: clock.now)) / 1e9), rank)
        }
        if let cause = evidence.certainCause(at: clock.now) { throw failure(cause.rank, cause.sign) }
    }

    private func add(_ sign: FailureEvidence.Sign, _ rank: Int) {
        liveness.forget(rank)
        evidence.add(sign, rank: rank, at: clock.now)
    }

    private func failure(_ rank: Int, _ sign: FailureEvidence.Sign) -> RunFailure {
        switch sign {
        case .reported(let failure, isPeerLoss: _): return failure
        case .silent(let seconds), .stopped(let seconds), .stuck(let seconds, deadline: _):
            return RunFailure(
                .interrupted,
                "the process that measures on \(devices[rank]) has not been heard of for \(Int(seconds)) s: it hangs. "
                    + "All are ended; try again.")
        case .killed, .exited, .disconnected:
            let tail = logs[rank].flatMap { LogTail.read($0) }.map { ":\n\($0)" } ?? ""
            return RunFailure(.interrupted, "the process that measured on \(devices[rank]) ended early\(tail)")
        }
    }

    private func handle(_ event: ControlEvent) throws {
        switch event {
        case .go: for rank in devices.indices { liveness.heard(rank, at: clock.now) }
        case .status(let rank, _): liveness.heard(rank, at: clock.now)
        case .message(let rank, let bytes):
            liveness.heard(rank, at: clock.now)
            try handle(try ProfileMessage(bytes), from: rank)
        case .goodbye(let rank):
            left.insert(rank)
            liveness.forget(rank)
        case .failed(let rank, let code, let text): add(FailureEvidence.Sign(WireCode.decode(code, text)), rank)
        case .gone(let rank) where !left.contains(rank): add(.disconnected, rank)
        // A stranger was turned away: that changes nothing here.
        case .refused, .registered, .connecting, .clock, .gone: break
        }
    }

    private func handle(_ message: ProfileMessage, from rank: Int) throws {
        switch message {
        case .ready: try whenAll(rank, tell: .measure)
        case .measured(let measured):
            times[rank] = measured
            try whenAll(rank, tell: .link)
        case .linked(let measured):
            link = measured ?? link
            try whenAll(rank, tell: .barrier)
        case .barrier: try whenAll(rank, tell: .barrier)
        case .done(let barrier): barriers.append(barrier)
        case .measure, .link: throw RunFailure(.bug, "a process that measures gave an order")
        }
    }

    /// Tells all, once each has said the same.
    private func whenAll(_ rank: Int, tell message: ProfileMessage) throws {
        waiting.insert(rank)
        guard waiting.count == devices.count else { return }
        waiting = []
        for rank in devices.indices { try server.sendApplication(message.encoded(), to: rank) }
    }

    /// Whatever happened: nothing of it is left.
    private func clear() {
        pool.endAll(grace: left.count == devices.count ? 2 : 0)
        server.close()
        for log in logs.values { close(log) }
        folder.remove()
    }
}
