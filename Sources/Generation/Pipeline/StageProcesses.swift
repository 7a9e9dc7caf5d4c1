import Coordination
import Foundation
import Glibc
package import Manifests
import Planning
package import Runs
import Systems
import Tensors
import Transport

/// What a worker process has to know to make the same plan.
package struct GenerationJob: Codable, Sendable {
    package var model: String
    package var devices: [String]
    package var positions: Int
    package var texts: Int
    package var chunk = GenerationPlan.usualChunk
    package var rank = 0
    package var coordinator = ""

    /// - Parameters:
    ///   - model: where it is, as the user gave it.
    ///   - devices: one for each stage: `cpu:0`.
    ///   - positions: of the longest text, prompt and answer.
    ///   - texts: how many there are.
    package init(model: String, devices: [String], positions: Int, texts: Int) {
        (self.model, self.devices, self.positions, self.texts) = (model, devices, positions, texts)
    }

    /// - Parameter source: what is at `model`.
    package func plan(_ source: ModelSource) throws(RunFailure) -> GenerationPlan {
        var places: [PipelineManifest.Device] = []
        for device in devices { places.append(try PipelineManifest.Device(text: device)) }
        return try GenerationPlan(source, devices: places, positions: positions, texts: texts, chunk: chunk)
    }
}

/// Stages as processes of this program: `echelon generate MODEL --worker JOB`.
final class StageProcesses: StageWorkers {
    private let pool: WorkerPool
    /// Open files without a name.
    private var logs: [Int32] = []

    init(_ plan: GenerationPlan, _ job: GenerationJob, server: ControlServer) throws {
        pool = try WorkerPool(environment: EnvironmentFile.load())
        let folder = try OwnedFolder("echelon-generate")
        defer { folder.remove() }
        for rank in plan.devices.indices {
            var job = job
            (job.rank, job.coordinator) = (rank, server.ipcAddress)
            let path = "\(folder.path)/\(rank).log"
            let log = try WorkerPool.log(path)
            unlink(path)
            logs.append(log)
            let text = String(decoding: try JSONEncoder().encode(job), as: UTF8.self)
            try pool.start(
                rank, ["generate", job.model, "--worker", text], threads: plan.devices[rank].threads, log: log,
                secret: server.configuration.secret)
        }
    }

    deinit { for log in logs { close(log) } }

    func reap() -> [Int] { pool.reap().map(\.rank) }
    func tail(of rank: Int) -> String? { logs.indices.contains(rank) ? LogTail.read(logs[rank]) : nil }
    func pauseIfAsked() { pool.pauseIfAsked() }
    func endAll(grace: Double) { pool.endAll(grace: grace) }
}

/// One stage in a process of its own.
package enum GenerationWorker {
    /// - Parameter job: as `GenerationJob` in JSON.
    package static func run(job text: String) throws(RunFailure) {
        let job: GenerationJob
        do { job = try JSONDecoder().decode(GenerationJob.self, from: Data(text.utf8)) } catch {
            throw .badInput("--worker: expected what `generate` gives its workers, got \(text.printable(limit: 100))")
        }
        guard job.devices.indices.contains(job.rank) else { throw .badInput("--worker: no rank \(job.rank)") }
        let device = try PipelineManifest.Device(text: job.devices[job.rank])
        try WorkerEnvironment.prepare(threads: device.threads)
        let plan = try job.plan(ModelSource(path: job.model))
        TransportTuning.apply()
        var configuration = StageWorker.configuration(
            plan, rank: job.rank, coordinator: job.coordinator, digest: plan.digest)
        configuration.secret = SecretFile.takeInherited()
        configuration.lifeline = STDIN_FILENO
        configuration.onCoordinatorGone = { _exit(ExitCode.interrupted.rawValue) }
        let endpoint = WorkerEndpoint(configuration)
        do { try endpoint.start() } catch { throw RunFailure(wrapping: error) }
        try StageWorker(plan: plan, rank: job.rank, endpoint: endpoint).run {
            try device.pinnedBackend(PipelineManifest.Simulation(pace: .secondsPerLayer(0)))
        }
    }
}

extension PipelineManifest.Device {
    /// `cpu:0`, `cpu:0-3`
    package init(text: String) throws(RunFailure) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = (parts.last ?? "").split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, parts[0] == "cpu", (1...2).contains(numbers.count), let first = numbers[0],
            let last = numbers[numbers.count - 1], (0...65535).contains(first), (first...65535).contains(last)
        else { throw .badInput("device \(text.printable(limit: 60)): expected cpu:0, or cpu:0-3 for several cores") }
        self.init(kind: .cpu, cores: first...last)
    }
}
