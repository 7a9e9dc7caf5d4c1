import Layers
import Manifests
import Models
import Partitioning
import Scheduling
import Synchronization
import Tensors

/// What a model's layers cost on a pipeline's devices: measured, or what simulated devices pretend.
struct StepCosts: Sendable {
    var layers: [Scheduling.LayerCost]
    /// What they are called.
    var names: LayerNames
    /// Between devices that are beside each other.
    var link: LinkCost
    /// Between places of the pipeline, by hosts and by what `compress` leaves of a message.
    var links: LinkCosts
    /// By place: seconds of a message between it and the coordinator; empty where all are near.
    var ways: [Double]
    /// Seconds; nil where an update waits for no other rank.
    var barrier: Double?
    /// `profile of 2026-01-01T00:00:00Z`, `sim devices`
    var source: String
    /// Counts what stages take.
    var memory: StageMemoryModel

    /// nil where nothing was measured.
    /// - Parameters:
    ///   - model: what each device has: the model, or a shard of it.
    ///   - whole: the model, where `model` is a shard of it.
    init?(
        _ manifest: PipelineManifest, _ model: ModelGraph, of whole: ModelGraph? = nil, _ optimizer: StateCount,
        _ profiles: ProfileCache
    ) {
        let times: [Times]
        switch manifest.devices[0].kind {
        case .sim:
            times = model.entries.map { Self.simulated($0, model, manifest.simulation) }
            link =
                manifest.simulation.network.map {
                    LinkCost(latency: $0.milliseconds / 1000, bytesPerSecond: $0.bytesPerSecond)
                } ?? .free
            (barrier, source) = (0, "what the sim devices pretend")
        case .cpu:
            guard let profile = profiles.profile(for: ProfileKey(manifest)) else { return nil }
            let (head, share) = (model.headEntry, manifest.countedShare())
            times = profile.layers.enumerated().map { index, line in
                // A shard's products are as much faster as they are smaller.
                let all = whole?.entries[index].cost.total ?? 0
                let part = all > 0 ? model.entries[index].cost.total / all : 1
                return Times(line, share: (index == head ? share : 1) * part)
            }
            link = profile.link.map { LinkCost(latency: $0.latency, bytesPerSecond: $0.bytesPerSecond) } ?? .free
            (barrier, source) = (profile.barrier, profile.source)
        }
        guard times.count == model.entries.count else { return nil }
        if manifest.clip == nil && manifest.precision.lossScaler == nil || manifest.speculate { barrier = nil }
        let updating = manifest.speculate ? Self.copying(optimizer) : 1
        (links, ways) = (manifest.linkCosts(usual: link), manifest.waysToCoordinator)
        let among = model.shard == nil ? link : manifest.slowestLink(of: .shards, usual: link)
        layers = zip(model.entries, times).map { entry, times in
            var times = times
            if let shard = model.shard {
                times.add(model.nodes[entry.nodes].map(\.plan), shards: shard.count, among)
            }
            return Scheduling.LayerCost(
                forward: times.forward, inputGradient: times.inputApart, weightGradient: times.weightApart,
                backward: times.backward,
                recomputation: manifest.recompute.recomputes(layer: entry.layer) ? times.forward : 0,
                update: times.update * updating,
                stateBytes: manifest.stateBytes(model, nodes: entry.nodes, optimizer),
                outputBytes: Self.bytes(crossingBehind: entry.index, model))
        }
        names = model.names
        memory = Self.memoryModel(manifest, model, optimizer)
    }

    /// Of a model with many layers: each one's parts, which a search leaves together at first.
    var blocks: [Range<Int>]? {
        layers.count > 96 ? names.layers(in: 0..<layers.count).map(\.places) : nil
    }

    /// What an update takes that copies first what it moves, over what it takes alone: both are passes over memory. With k tensors
    /// of state an update reads k + 2 tensors and writes k + 1; a copy reads and writes k + 1.
    private static func copying(_ state: StateCount) -> Double {
        1 + Double(2 * (state + 1)) / Double(2 * state + 3)
    }

    private struct Times {
        var forward: Double
        var backward: Double
        var inputApart: Double
        var weightApart: Double
        var update = 0.0

        init(forward: Double, inputGradient: Double, weightGradient: Double) {
            (self.forward, inputApart, weightApart) = (forward, inputGradient, weightGradient)
            backward = inputGradient + weightGradient
        }

        /// What the shards of a layer sum in its passes: each receives all others' parts.
        mutating func add(_ plans: [LayerPlan], shards: Int, _ link: LinkCost) {
            func seconds(_ sums: [TensorSpec]) -> Double {
                sums.reduce(0) { $0 + link.latency + Double($1.byteCount * (shards - 1)) / link.bytesPerSecond }
            }
            for plan in plans {
                let back = plan.backwardSums + (plan.sumsInputGradient ? plan.outputs.prefix(1) : [])
                forward += seconds(plan.forwardSums)
                backward += seconds(back)
                inputApart += seconds(back)
            }
        }

        /// - Parameter share: which part of its rows the layer computes.
        init(_ line: LayerProfile.Line, share: Double) {
            forward = line.forward * share
            backward = (line.backwardInput + line.backwardWeight) * share
            inputApart = line.inputApart * share
            weightApart = line.weightApart * share
            update = line.update
        }
    }

    private static func simulated(
        _ entry: Entry, _ model: ModelGraph, _ simulation: PipelineManifest.Simulation
    ) -> Times {
        let nodes = model.nodes[entry.nodes]
        let trained = nodes.filter { $0.outputs.contains { model.values[$0].needsGradient } }
        let withWeightHalf = trained.filter(\.hasWeightHalf)
        switch simulation.pace {
        case .secondsPerLayer(let seconds):
            let share = seconds / Double(max(entry.nodesOfLayer, 1))
            return Times(
                forward: share * Double(nodes.count), inputGradient: share * Double(trained.count),
                weightGradient: share * Double(withWeightHalf.count))
        case .gflops(let rate):
            func seconds(_ nodes: some Sequence<Node>, _ flops: (Layers.LayerCost) -> Double) -> Double {
                nodes.reduce(0) { $0 + flops($1.plan.cost) } / (rate * 1e9)
            }
            return Times(
                forward: seconds(nodes, \.forward), inputGradient: seconds(trained, \.backwardInput),
                weightGradient: seconds(withWeightHalf, \.backwardWeight))
        }
    }

    /// What crosses a cut behind an entry: every value made before it that is used behind it.
    private static func bytes(crossingBehind entry: Int, _ model: ModelGraph) -> Int {
        guard entry + 1 < model.entries.count else { return 0 }
        let layout = PipelineLayout(model, cuts: [entry + 1])
        return layout.crossings.flatMap(\.values).reduce(0) { $0.saturatingPlus(model.values[$1].spec.byteCount) }
    }
}

extension LayerProfile {
    /// The assumptions of the predictions.
    fileprivate var source: String {
        "profile of \(measuredAt)"
            + (spread > Self.largeSpread ? ", whose rounds differ by \(spread.percentText)" : "")
    }
}

/// Optimizer state tensors of each parameter.
package typealias StateCount = Int

extension StepCosts {
    /// Counts a stage's memory as a plan does; caches the results.
    private static func memoryModel(
        _ manifest: PipelineManifest, _ model: ModelGraph, _ optimizer: StateCount
    ) -> StageMemoryModel {
        let recomputation = manifest.recompute
        let backend = manifest.devices[0].backend(manifest.simulation)
        let (known, equal) = (Known(), EqualEntries(model))
        return StageMemoryModel(rankBytes: TrainingPlan.processBytes) { range, splitsBackward in
            let key = Known.Key(layers: range, splitsBackward: splitsBackward)
            if let bytes = known.bytes.withLock({ $0[key] }) { return bytes }
            let alike = Known.Alike(
                run: equal.run(range),
                recomputed: model.entries[range].map { recomputation.recomputes(layer: $0.layer) },
                splitsBackward: splitsBackward)
            let nodes =
                model.entries[range.lowerBound].nodes.lowerBound..<model.entries[range.upperBound - 1].nodes.upperBound
            let state = manifest.stateBytes(model, nodes: nodes, optimizer)
            if var bytes = known.programs.withLock({ $0[alike] }) {
                bytes.fixed = bytes.fixed.saturatingPlus(state)
                known.bytes.withLock { [bytes] in $0[key] = bytes }
                return bytes
            }
            let cuts = [range.lowerBound, range.upperBound].filter { $0 > 0 && $0 < model.entries.count }
            let layout = PipelineLayout(model, cuts: cuts)
            let stage = range.lowerBound > 0 ? 1 : 0
            let program = StageProgram(
                model, layout, stage: stage, splitsBackward: splitsBackward, recomputation: recomputation, on: backend)
            var bytes = StageMemoryModel.Bytes(
                perMicroBatch: program.frameBytes, perDeferred: program.deferredBytes, fixed: program.transientBytes)
            known.programs.withLock { [bytes] in $0[alike] = bytes }
            bytes.fixed = bytes.fixed.saturatingPlus(state)
            known.bytes.withLock { [bytes] in $0[key] = bytes }
            return bytes
        }
    }

    private final class Known: Sendable {
        struct Key: Hashable {
            var layers: Range<Int>
            var splitsBackward: Bool
        }
        /// Without state: of runs of layers that are alike.
        struct Alike: Hashable {
            var run: EqualEntries.Run
            var recomputed: [Bool]
            var splitsBackward: Bool
        }
        let bytes = Mutex<[Key: StageMemoryModel.Bytes]>([:])
        let programs = Mutex<[Alike: StageMemoryModel.Bytes]>([:])
    }
}

extension ModelGraph {
    /// Bytes of weights, gradients, optimizer state and 16-bit copies; frozen parameters have neither gradients nor state.
    /// Members of a tie on these nodes share all but their gradients; where others live elsewhere, a gradient arrives.
    package func stateBytes(nodes range: Range<Int>, _ optimizer: StateCount) -> Int {
        var (numbers, copies) = (0, 0)
        for node in nodes[range] {
            for (index, spec) in node.layer.parameters.enumerated() {
                let tensors = 1 + (node.hasGradient[index] ? 1 : 0) + (node.trained[index] ? optimizer : 0)
                numbers = numbers.saturatingPlus(spec.shape.count.saturatingTimes(tensors))
                if dtype != .f32, spec.isMatrix { copies = copies.saturatingPlus(spec.shape.count) }
            }
        }
        return numbers.saturatingTimes(DType.f32.size).saturatingPlus(copies.saturatingTimes(dtype.size))
            .saturatingPlus(tiedBytes(range, optimizer))
    }

    /// Bytes of these nodes' weights alone; members of a tie share theirs.
    package func weightBytes(nodes range: Range<Int>) -> Int {
        let own = nodes[range].flatMap(\.layer.parameters).reduce(0) { $0.saturatingPlus($1.shape.count) }
        let repeated = ties.reduce(0) { sum, tie in
            let members = tie.members.filter { range.contains($0.node) }
            guard let first = members.first else { return sum }
            return sum + (members.count - 1) * nodes[first.node].layer.parameters[first.parameter].shape.count
        }
        return (own - repeated).saturatingTimes(DType.f32.size)
    }

    /// What ties add to or save of the bytes that parameters would take one by one.
    private func tiedBytes(_ range: Range<Int>, _ optimizer: StateCount) -> Int {
        ties.reduce(0) { sum, tie in
            let own = tie.members.filter { range.contains($0.node) }
            guard let first = own.first else { return sum }
            let bytes = nodes[first.node].layer.parameters[first.parameter].shape.count.saturatingTimes(DType.f32.size)
            let isTrained = isTrained(tie)
            let arrival = isTrained && own.count < tie.members.count ? bytes : 0
            let shared = bytes.saturatingTimes((own.count - 1) * (1 + (isTrained ? optimizer : 0)))
            return sum.saturatingPlus(arrival) - shared
        }
    }
}
