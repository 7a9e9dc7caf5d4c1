import Foundation
import Glibc
public import Manifests
import Models
import Tensors
import Transport

extension LayerProfile {
    /// Runs every pass of the model `repetitions` times on all of the pipeline's devices at once, as in a run, where they
    /// share memory and heat; after one run to warm up. Devices for which there is no memory take no part.
    /// - Throws: bad input: a device that does not exist or computes nothing, data that is not there.
    public static func measure(_ manifest: PipelineManifest, repetitions: Int = 5) throws(RunFailure) -> LayerProfile {
        let plan = try TrainingPlan(manifest.whole(on: manifest.devices[0]))
        try ProfileRun.check(plan)
        try Preflight.checkDevices(manifest)
        let devices = Array(manifest.distinctDevices.prefix(ProfileRun.room(for: plan)))
        do {
            let run = try ProfileRun(manifest, plan, devices)
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
final class ProfileRun {
    private let folder: URL
    private let server: ControlServer
    private let lifeline: (read: Int32, write: Int32)
    private let devices: [PipelineManifest.Device]
    private var children: [ChildProcess] = []
    private var times: [Int: DeviceTimes] = [:]
    private var waiting: Set<Int> = []
    private var link: LayerProfile.Link?
    private var barriers: [Double] = []
    private var left: Set<Int> = []

    /// What must be right before anything is measured.
    static func check(_ plan: TrainingPlan) throws(RunFailure) {
        let device = plan.manifest.devices[0]
        guard device.kind == .cpu else {
            throw .badInput("profile: device \(device) computes nothing: there is no time to measure")
        }
        try Preflight.check(plan)
    }

    /// On how many devices at once this machine's memory can hold the whole model.
    static func room(for plan: TrainingPlan) -> Int {
        let memory = plan.memory(ofStage: 0)
        let needed = memory.state.plus(memory.activations).plus(memory.transient).plus(TrainingPlan.processBytes)
        return max(1, sysconf(Int32(_SC_PHYS_PAGES)).times(sysconf(Int32(_SC_PAGESIZE))) / max(needed, 1))
    }

    init(_ manifest: PipelineManifest, _ plan: TrainingPlan, _ devices: [PipelineManifest.Device]) throws {
        self.devices = devices
        folder = FileManager.default.temporaryDirectory.appending(path: "echelon-profile-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (rank, device) in devices.enumerated() {
            let yaml = manifest.whole(on: device).resolvedYAML()
            try Data(yaml.utf8).write(to: folder.appending(path: "\(rank).yaml"))
        }
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw RunFailure(.bug, "no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        lifeline = (ends[0], ends[1])
        server = try ControlServer(ControlServer.Configuration(world: devices.count, digest: ProfileWorker.digest))
    }

    func measure(repetitions: Int) throws -> ([DeviceTimes], LayerProfile.Link?, barrier: Double) {
        defer { clear() }
        for rank in devices.indices { try start(rank, repetitions) }
        while left.count < devices.count {
            for event in try server.poll(timeout: .milliseconds(50)) { try handle(event) }
        }
        let ordered = devices.indices.compactMap { times[$0] }
        return (ordered, link, barriers.max() ?? 0)
    }

    private func start(_ rank: Int, _ repetitions: Int) throws {
        let log = open(logPath(rank), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o644)
        defer { close(log) }
        let program =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        children.append(
            try ChildProcess.spawn(
                [
                    program, "profile", folder.appending(path: "\(rank).yaml").path, "--repetitions", "\(repetitions)",
                    "--rank", "\(rank)", "--world", "\(devices.count)", "--coordinator", server.ipcAddress,
                ], environment: WorkerEnvironment.ofWorker(threads: devices[rank].threads), input: lifeline.read,
                output: log))
    }

    private func logPath(_ rank: Int) -> String { folder.appending(path: "\(rank).log").path }

    private func handle(_ event: ControlEvent) throws {
        switch event {
        case .message(let rank, let bytes): try handle(try ProfileMessage(bytes), from: rank)
        case .goodbye(let rank): left.insert(rank)
        case .failed(_, let code, let text): throw WireCode.decode(code, text)
        case .gone(let rank) where !left.contains(rank):
            let tail = LogTail.read(logPath(rank)).map { ":\n\($0)" } ?? ""
            throw RunFailure(.interrupted, "the process that measured on \(devices[rank]) ended early\(tail)")
        case .refused(let reason): throw RunFailure(.bug, reason)
        case .registered, .connecting, .go, .status, .clock, .gone: break
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
        close(lifeline.write)
        for child in children {
            let deadline = Clock.nanoseconds + 2_000_000_000
            while child.reap() == nil {
                if Clock.nanoseconds > deadline { child.signal(SIGKILL) }
                usleep(2_000)
            }
        }
        close(lifeline.read)
        server.close()
        try? FileManager.default.removeItem(at: folder)
    }
}
