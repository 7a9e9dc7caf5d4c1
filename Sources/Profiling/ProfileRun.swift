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

/// Starts a process for each device, has all measure at the same time, and gathers what they say.
final class ProfileRun {
    /// Their folder holds the manifest of each until it has read it. The last of them removes it, so that it goes also where
    /// this process is killed.
    private let processes: MeasuringProcesses
    private let devices: [PipelineManifest.Device]
    private var times: [Int: DeviceTimes] = [:]
    private var waiting: Set<Int> = []
    private var link: LayerProfile.Link?
    private var barriers: [Double] = []

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
        processes = try MeasuringProcesses(
            "echelon-profile", ControlServer.Configuration(world: devices.count, digest: ProfileWorker.digest),
            places: devices.map(\.description), environment: try EnvironmentFile.load(),
            loss: "nothing was kept of the profile", advice: "try again.")
        do {
            for (rank, device) in devices.enumerated() {
                try File.write(manifest.whole(on: device).resolvedYAML().utf8, to: manifestPath(rank))
            }
        } catch {
            processes.clear()
            throw error
        }
    }

    private func manifestPath(_ rank: Int) -> String { "\(processes.folder.path)/\(rank).yaml" }

    func measure(repetitions: Int) throws -> ([DeviceTimes], LayerProfile.Link?, barrier: Double) {
        defer { processes.clear() }
        for rank in devices.indices { try start(rank, repetitions) }
        try processes.watch { rank, bytes in try handle(try ProfileMessage(bytes), from: rank) }
        let ordered = devices.indices.compactMap { times[$0] }
        return (ordered, link, barriers.max() ?? 0)
    }

    private func start(_ rank: Int, _ repetitions: Int) throws {
        let server = processes.server
        try processes.pool.start(
            rank,
            [
                "profile", manifestPath(rank), "--repetitions", "\(repetitions)", "--rank", "\(rank)", "--world",
                "\(devices.count)", "--coordinator", server.ipcAddress,
            ], threads: devices[rank].threads, log: try processes.log(of: rank), secret: server.configuration.secret)
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
        for rank in devices.indices { try processes.server.sendApplication(message.encoded(), to: rank) }
    }
}
