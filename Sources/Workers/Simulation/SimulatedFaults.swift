import Datasets
import Glibc
import Manifests
import Scheduling
import Systems
import Tensors

/// What a manifest's `sim` lets go wrong, so that somebody can see what a report says of it. Nothing else looks at it.
struct SimulatedFaults {
    private let simulation: PipelineManifest.Simulation
    private let microBatches: Int

    init(_ manifest: PipelineManifest) {
        simulation = manifest.simulation
        microBatches = manifest.batch.microBatches
    }

    /// Lets a device take longer over a forward that is due.
    func slow(_ instruction: Instruction, step: Int, on backend: any Backend) {
        guard let slow = simulation.slow, instruction.pass == .forward, instruction.stage == slow.stage,
            (step * microBatches + instruction.microBatch) % slow.every == slow.every - 1
        else { return }
        simulate(slow.milliseconds / 1000, on: backend)
    }

    /// Lets a pass of a rank's device take longer than it has.
    func stretch(rank: Int, step: Int, since start: UInt64, on backend: any Backend) {
        guard let slow = simulation.slowRank, slow.rank == rank, step >= slow.from else { return }
        simulate(Double(MonotonicClock.now - start) / 1e9 * (slow.factor - 1), on: backend)
    }

    private func simulate(_ seconds: Double, on backend: any Backend) {
        switch simulation.pace {
        case .secondsPerLayer(let unit): backend.simulate(Work(flops: 0, units: seconds / unit))
        case .gflops(let rate): backend.simulate(Work(flops: seconds * rate * 1e9, units: 0))
        }
    }

    /// Lets a message arrive later, counted from when it was sent.
    /// - Returns: whether it had not arrived by now.
    func delay(from sender: Int, to receiver: Int, sentAt: UInt64) -> Bool {
        guard let link = simulation.link, link.from == sender, link.to == receiver else { return false }
        let (now, delay) = (MonotonicClock.now, UInt64(link.milliseconds * 1e6))
        let arrival = min(sentAt, now) &+ delay
        if arrival > now { MonotonicClock.sleep(until: arrival) }
        return arrival > now
    }

    /// A data set that takes its time.
    func reading(_ dataset: any Dataset, micro: Int) -> any Dataset {
        guard let milliseconds = simulation.readMilliseconds else { return dataset }
        return SlowDataset(dataset: dataset, nanoseconds: UInt64(milliseconds * 1e6 / Double(micro)))
    }
}

/// Takes so many nanoseconds longer over each sample.
private struct SlowDataset: Dataset {
    let dataset: any Dataset
    let nanoseconds: UInt64

    var sampleCount: Int { dataset.sampleCount }
    var inputSpec: TensorSpec { dataset.inputSpec }
    var targetSpec: TensorSpec { dataset.targetSpec }
    func targetCount(sample: Int) throws(DatasetError) -> Int { try dataset.targetCount(sample: sample) }
    func tokenCount(ofSample sample: Int) throws(DatasetError) -> Int? { try dataset.tokenCount(ofSample: sample) }
    func location(of sample: Int) -> String { dataset.location(of: sample) }
    func prepare(for order: SampleOrder) { dataset.prepare(for: order) }

    func check(samples: Int, cache: ScanCache) throws(DatasetError) {
        try dataset.check(samples: samples, cache: cache)
    }

    func untargeted(among samples: Int, cache: ScanCache) throws(DatasetError) -> [Bool]? {
        try dataset.untargeted(among: samples, cache: cache)
    }

    func fill(
        sample: Int, input: UnsafeMutableRawBufferPointer, target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        MonotonicClock.sleep(until: MonotonicClock.now &+ nanoseconds)
        try dataset.fill(sample: sample, input: input, target: target)
    }
}
