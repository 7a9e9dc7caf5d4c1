import Manifests
import Planning
import Runs
import Systems
import Tensors
import Transport

/// Stages as threads of this process, over the in-memory network.
final class StageThreads: StageWorkers {
    private var threads: [JoinableThread] = []
    private var endpoints: [WorkerEndpoint] = []
    private let progress = Shared(Progress())

    private struct Progress {
        var running: Set<Int> = []
        var ended: [Int] = []
    }

    init(_ plan: GenerationPlan, server: ControlServer, network: InMemoryNetwork) throws {
        for rank in plan.devices.indices {
            let configuration = StageWorker.configuration(
                plan, rank: rank, coordinator: "this process", digest: plan.digest)
            let endpoint = WorkerEndpoint(configuration, network: network)
            try endpoint.start()
            endpoints.append(endpoint)
            let progress = progress
            progress.update { _ = $0.running.insert(rank) }
            threads.append(
                try JoinableThread(name: "stage \(rank)") {
                    let backend = PipelineManifest.Device.hostBackend(threads: plan.devices[rank].threads)
                    // The failure itself was sent.
                    try? StageWorker(plan: plan, rank: rank, endpoint: endpoint).run { backend }
                    progress.update {
                        $0.running.remove(rank)
                        $0.ended.append(rank)
                    }
                })
        }
    }

    deinit { endAll(grace: 0) }

    func reap() -> [Int] {
        progress.update { progress in
            defer { progress.ended = [] }
            return progress.ended
        }
    }

    func tail(of rank: Int) -> String? { nil }
    func pauseIfAsked() {}

    func endAll(grace: Double) {
        let deadline = MonotonicClock.now + UInt64(grace * 1e9)
        _ = progress.wait(until: deadline) { $0.running.isEmpty ? true : nil }
        let running = progress.withLock { $0.running }
        for rank in running where endpoints.indices.contains(rank) { endpoints[rank].abort("the pipeline ended") }
        for thread in threads { thread.join() }
        threads = []
    }
}
