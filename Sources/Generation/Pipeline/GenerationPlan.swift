import CPUDevices
import Checkpoints
import Families
import Layers
package import Manifests
package import Models
import Partitioning
import Planning
package import Runs
import Scheduling
import Stages
import Systems
import Tensors
import Transport

/// Who computes what while a model writes: stages, devices, caches and passes. All of it is known before anything starts.
///
///     let plan = try GenerationPlan(source, devices: [.cpu(0), .cpu(1)], positions: 200, texts: 3)
package struct GenerationPlan: Sendable {
    package let source: ModelSource
    /// One for each stage.
    package let devices: [PipelineManifest.Device]
    /// The first entry of each stage but the first: parameters are balanced.
    package let cuts: [Int]
    /// Positions that the cache of each text has room for.
    package let capacity: Int
    /// How many positions a pass may have, ascending; the first is 1.
    package let lengths: [Int]
    /// Texts in flight at once.
    package let slots: Int
    /// By length.
    package let graphs: [Int: ModelGraph]
    /// What crosses from stage to stage, the same for all lengths.
    package let layout: PipelineLayout
    /// How many ids the model knows.
    package let vocabulary: Int
    /// Whether a text's first pass has to hold all of its prompt, since its tokens see each other both ways.
    package let seesPrefix: Bool

    /// How many ids of a prompt a pass takes.
    package static let usualChunk = 64

    /// - Parameters:
    ///   - devices: one for each stage.
    ///   - positions: of the longest text, prompt and answer.
    ///   - texts: how many there are.
    ///   - chunk: the most ids of a prompt in one pass.
    /// - Throws: bad input: a model that writes no text, more stages than layers, more memory than there is.
    package init(
        _ source: ModelSource, devices: [PipelineManifest.Device], positions: Int, texts: Int,
        chunk: Int = usualChunk
    ) throws(RunFailure) {
        // Short texts run as long ones do: what a model writes must not depend on the others in flight.
        let capacity = min(source.window, max(positions, chunk))
        let one = try Self.graph(source, length: 1, capacity: capacity)
        let seesPrefix = one.nodes.contains { $0.layer is PrefixPositions }
        var lengths = [1, min(chunk, capacity)]
        while seesPrefix, let last = lengths.last, last < capacity { lengths.append(min(2 * last, capacity)) }
        lengths = Array(Set(lengths)).sorted()
        var graphs = [1: one]
        for length in lengths.dropFirst() {
            graphs[length] = try Self.graph(source, length: length, capacity: capacity)
        }
        guard let vocabulary = one.vocabulary else {
            throw .badInput("\(source.path.printable()): the model has no embedding: there is no text to write")
        }
        do {
            if case .native(let weights) = source.weights { try weights.check(one) }
            let weights = one.entries.map { Double($0.parameterCount) }
            cuts = try Partition.balanced(weights: weights, stages: devices.count).cuts
        } catch {
            throw .badInput(error)
        }
        layout = PipelineLayout(one, cuts: cuts)
        slots = max(1, min(texts, 2 * devices.count))
        (self.source, self.devices, self.capacity, self.lengths) = (source, devices, capacity, lengths)
        (self.graphs, self.vocabulary, self.seesPrefix) = (graphs, vocabulary, seesPrefix)
        try checkDevices()
        try checkMemory()
    }

    private static func graph(_ source: ModelSource, length: Int, capacity: Int) throws(RunFailure) -> ModelGraph {
        let graph = try source.graph(length: length, capacity: capacity)
        let prediction = graph.values[graph.prediction].spec
        guard prediction.shape.rank == 3, prediction.shape[1] == length else {
            throw .badInput("\(source.path.printable()): the model predicts \(prediction), not a token after each id")
        }
        return graph
    }

    /// A core for each stage, over and over where there are more stages than cores.
    package static func devices(stages: Int) -> [PipelineManifest.Device] {
        let cores = Cores.allowed
        return (0..<stages).map { .cpu(cores.isEmpty ? 0 : cores[$0 % cores.count]) }
    }

    private func checkDevices() throws(RunFailure) {
        let allowed = Cores.allowed
        for device in devices {
            guard device.kind == .cpu else {
                throw .badInput("device \(device) computes nothing: there would be no text; expected cpu devices")
            }
            guard let missing = device.cores.first(where: { !allowed.contains($0) }) else { continue }
            throw .badInput(
                "device \(device): this process has no core \(missing); expected some of "
                    + allowed.map { "cpu:\($0)" }.joined(separator: ", "))
        }
    }

    /// Bytes that a stage's process takes.
    package func memory(ofStage stage: Int) -> Int {
        let backend = PipelineManifest.Device.hostBackend(threads: devices[stage].threads)
        var bytes = TrainingPlan.processBytes
        for graph in graphs.values {
            let program = StageProgram(forwardOf: graph, PipelineLayout(graph, cuts: cuts), stage: stage, on: backend)
            bytes = bytes.saturatingPlus(program.frameBytes).saturatingPlus(program.transientBytes)
        }
        guard let one = graphs[1] else { return bytes }
        let nodes = layout.stages[stage].nodes
        let caches = one.nodes[nodes].flatMap(\.plan.cache).reduce(0) { $0.saturatingPlus($1.byteCount) }
        return bytes.saturatingPlus(one.weightBytes(nodes: nodes)).saturatingPlus(caches.saturatingTimes(slots))
    }

    private func checkMemory() throws(RunFailure) {
        let needed = devices.indices.reduce(0) { $0.saturatingPlus(memory(ofStage: $1)) }
        let limit = MemoryLimit.together
        guard needed <= limit.bytes else {
            throw .badInput(
                "generate: \(slots) × \(capacity) positions need \(needed.bytesText) of memory, there are "
                    + "\(limit.bytes.bytesText) (\(limit.source)): fewer prompts or tokens need less")
        }
    }
}

/// Links between the stages: one for each crossing, and one down the pipeline for what each pass is.
extension GenerationPlan {
    /// The link from a stage to the next that says what comes.
    func commandLink(from stage: Int) -> Int { layout.crossings.count + stage }

    /// The links of one rank, as its endpoint declares them.
    func links(of rank: Int) -> [LinkDeclaration] {
        let depth = devices.count + 1
        var links: [LinkDeclaration] = []
        for (index, crossing) in layout.crossings.enumerated() where crossing.from == rank || crossing.to == rank {
            let sizes = graphs.values.flatMap { graph in crossing.values.map { graph.values[$0].spec.byteCount } }
            links.append(
                LinkDeclaration(
                    id: index, from: crossing.from, to: crossing.to, depth: depth * crossing.values.count,
                    maxPayload: sizes.max() ?? 0))
        }
        for stage in 0..<devices.count - 1 where stage == rank || stage + 1 == rank {
            links.append(
                LinkDeclaration(
                    id: commandLink(from: stage), from: stage, to: stage + 1, depth: depth,
                    maxPayload: StageCommand.headBytes))
        }
        return links
    }

    /// What all processes must agree about.
    var digest: RunDigest {
        RunDigest([
            .init("program", ProgramVersion.text), .init("cuts", "\(cuts)"), .init("capacity", "\(capacity)"),
            .init("lengths", "\(lengths.prefix(24))"),
        ])
    }
}

extension ModelSource {
    /// The most positions that the model reads: as many as it was trained or made for.
    package var window: Int { max(1, family?.contextLength ?? manifest?.data.sequence ?? 1024) }

    /// Whether a text goes on beyond the window, from the later half of it: for models of our own, which write as well
    /// from anywhere. A pretrained model's text ends there.
    package var slides: Bool { family == nil }
}
