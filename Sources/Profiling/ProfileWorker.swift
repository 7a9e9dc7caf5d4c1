import Glibc
package import Manifests
import Models
import Planning
package import Runs
import Systems
import Tensors
import Transport
import Workers

/// One device's part of a profile, in a process of its own: `echelon profile` starts it.
package enum ProfileWorker {
    static let digest: RunDigest = "profile"
    private static let rounds = 20

    /// - Parameters:
    ///   - manifest: of the whole model on this device.
    ///   - path: its file, which was made for this process alone.
    package static func run(
        _ manifest: PipelineManifest, from path: String, rank: Int, world: Int, coordinator: String, repetitions: Int
    ) throws(RunFailure) {
        try WorkerEnvironment.prepare(threads: manifest.devices[0].threads)
        remove(path)
        let plan = try TrainingPlan(manifest)
        TransportTuning.apply()
        let probe = LinkProbe(plan, rank: rank, world: world)
        var configuration = WorkerConfiguration(
            rank: rank, coordinator: coordinator, digest: digest, links: probe.links)
        configuration.secret = SecretFile.takeInherited()
        configuration.spinTime = .microseconds(500)
        configuration.lifeline = STDIN_FILENO
        configuration.onCoordinatorGone = { _exit(ExitCode.interrupted.rawValue) }
        let endpoint = WorkerEndpoint(configuration)
        do {
            try endpoint.start()
        } catch {
            throw RunFailure(wrapping: error)
        }
        try endpoint.serve {
            try endpoint.awaitGo()
            try measure(plan, probe, endpoint, repetitions)
        }
    }

    /// Nobody else does where the command that started this process was killed.
    private static func remove(_ path: String) {
        unlink(path)
        // Of the last of these processes the folder is empty.
        if let slash = path.lastIndex(of: "/") { rmdir(String(path[..<slash])) }
    }

    private static func measure(
        _ plan: TrainingPlan, _ probe: LinkProbe, _ endpoint: WorkerEndpoint, _ repetitions: Int
    ) throws {
        let profiler = try LayerProfiler(plan)
        try tell(.ready, endpoint)
        try listen(endpoint)
        try tell(.measured(try profiler.run(repetitions: repetitions)), endpoint)
        // Others may still measure: they shall find this device as busy as in a run.
        try profiler.stayBusy { try endpoint.receiveApplication(timeout: .milliseconds(1)) == nil }
        try tell(.linked(try probe.measure(over: endpoint)), endpoint)
        try listen(endpoint)
        var seconds: [Double] = []
        for _ in 0..<rounds {
            let start = MonotonicClock.now
            try tell(.barrier, endpoint)
            try listen(endpoint)
            seconds.append(Double(MonotonicClock.now - start) / 1e9)
        }
        try tell(.done(barrier: LayerProfiler.middle(seconds)), endpoint)
    }

    private static func tell(_ message: ProfileMessage, _ endpoint: WorkerEndpoint) throws {
        endpoint.sendApplication(try message.encoded())
    }

    /// Waits for whatever comes next: what it is follows from what was said.
    private static func listen(_ endpoint: WorkerEndpoint) throws {
        guard try endpoint.receiveApplication() != nil else {
            throw RunFailure(.interrupted, "the command that measures fell silent")
        }
    }
}

/// Messages of two sizes there and back between the first two ranks.
struct LinkProbe {
    let links: [LinkDeclaration]
    private let rank: Int
    private let sizes: [Int]
    private static let rounds = 30

    init(_ plan: TrainingPlan, rank: Int, world: Int) {
        self.rank = rank
        // What a boundary may carry; a small message besides, so that latency and bandwidth can be told apart.
        let boundary = plan.model.entries.dropLast().map { $0.outputs.reduce(0) { $0 + $1.byteCount } }.max() ?? 0
        let large = min(max(boundary, 1 << 16), 1 << 24)
        sizes = [1 << 10, large]
        links =
            world > 1 && rank < 2
            ? [
                LinkDeclaration(id: 0, from: 0, to: 1, credit: 2, maxPayload: large),
                LinkDeclaration(id: 1, from: 1, to: 0, credit: 2, maxPayload: large),
            ] : []
    }

    /// - Returns: on the first rank of several: half of what there and back takes.
    func measure(over endpoint: WorkerEndpoint) throws -> LayerProfile.Link? {
        guard !links.isEmpty else { return nil }
        var seconds: [Double] = []
        for (index, size) in sizes.enumerated() {
            let out = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
            let back = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
            out.initializeMemory(as: UInt8.self, repeating: 1)
            var samples: [Double] = []
            for round in 0..<Self.rounds {
                let header = FrameHeader(
                    .activation, step: index, microBatch: round, shape: [size], payloadLength: size)
                let start = MonotonicClock.now
                if rank == 1 { try endpoint.receive(link: 0, expecting: header) { back.copyMemory(from: $0) } }
                let ticket = try endpoint.send(link: rank, header: header, payload: UnsafeRawBufferPointer(out))
                if rank == 0 { try endpoint.receive(link: 1, expecting: header) { back.copyMemory(from: $0) } }
                try ticket.wait()
                samples.append(Double(MonotonicClock.now - start) / 2e9)
            }
            out.deallocate()
            back.deallocate()
            seconds.append(LayerProfiler.middle(samples))
        }
        guard rank == 0 else { return nil }
        let rate = Double(sizes[1] - sizes[0]) / max(seconds[1] - seconds[0], 1e-9)
        return LayerProfile.Link(latency: max(0, seconds[0] - Double(sizes[0]) / rate), bytesPerSecond: rate)
    }
}
