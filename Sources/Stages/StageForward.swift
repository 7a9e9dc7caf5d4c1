package import Checkpoints
import Layers
package import Models
package import Tensors

/// Runs one stage forward only, from position to position: it holds parameters and, for each text, the caches of its
/// layers; no gradients and nothing for a way back.
///
/// A pass takes so many positions of one text, from position `start` on. There is a graph for each number of positions
/// that a pass may have; all share parameters and caches.
///
///     let stage = try StageForward(graphs, cuts: [3], stage: 1, slots: 2, on: backend)
///     stage.run(length: 64, slot: 0, start: 0, row: 63)      // logits of the text's next token, on the last stage
package final class StageForward {
    package let layout: PipelineLayout
    package let stage: PipelineLayout.Stage
    package let backend: any Backend
    /// By number of positions.
    private let graphs: [Int: ModelGraph]
    /// Any of the graphs: they differ in shapes alone.
    private let model: ModelGraph
    /// By node, counted from the stage's first.
    private let parameters: [[Tensor]]
    private let shared: SharedParameters
    /// By slot, then by node.
    private let caches: [[[Tensor]]]
    /// Made when the first pass of that many positions runs.
    private var passes: [Int: ForwardFrames] = [:]
    /// The first node of the last stage that treats every position by itself, as all nodes behind it do.
    private let tail: Int

    /// - Parameters:
    ///   - graphs: of one model and one capacity, by number of positions; one of them of a single position.
    ///   - slots: texts at once.
    package init(
        _ graphs: [Int: ModelGraph], cuts: [Int], stage index: Int, slots: Int, on backend: any Backend
    ) throws(TensorError) {
        guard let model = graphs[1] else { preconditionFailure("no graph of a single position") }
        self.graphs = graphs
        self.model = model
        self.backend = backend
        layout = PipelineLayout(model, cuts: cuts)
        let stage = layout.stages[index]
        self.stage = stage
        let nodes = model.nodes[stage.nodes]
        shared = SharedParameters(model, nodes: stage.nodes)
        let shapes = nodes.map { $0.layer.parameters.map(\.shape) }
        parameters = shared.joined(try StageMemory.carve(shared.separate(shapes), on: backend).tensors)
        caches = try (0..<slots).map { _ throws(TensorError) in
            try nodes.map { node throws(TensorError) in
                try node.plan.cache.map { spec throws(TensorError) in
                    Tensor(try backend.allocate(byteCount: max(spec.byteCount, 1)), spec: spec)
                }
            }
        }
        let lastCached = model.nodes.lastIndex { !$0.plan.cache.isEmpty } ?? -1
        let first = min(max(lastCached + 1, stage.nodes.lowerBound), stage.nodes.upperBound)
        tail = stage.isLast && Self.isByPosition(graphs, from: first) ? first : stage.nodes.upperBound
    }

    /// Whether what goes into the nodes from `first` on has one row for each position.
    private static func isByPosition(_ graphs: [Int: ModelGraph], from first: Int) -> Bool {
        graphs.allSatisfy { length, graph in
            let inputs = graph.nodes[first...].flatMap(\.inputs).filter { (graph.values[$0].producer ?? -1) < first }
            return inputs.allSatisfy {
                let shape = graph.values[$0].spec.shape
                return shape.rank >= 2 && shape[0] == 1 && shape[1] == length
            }
        }
    }

    /// Reads every parameter of the stage.
    package func loadParameters(_ weights: some ParameterSource) throws(CheckpointError) {
        for (local, node) in stage.nodes.enumerated() {
            for (index, tensor) in parameters[local].enumerated() where !shared.isLater(local, index) {
                let name = model.storedName(of: Tie.Member(node: node, parameter: index))
                try backend.fill(tensor, with: name, of: weights)
            }
        }
    }

    /// Where a value that comes in or goes out lies, by root value and number of positions.
    package func tensor(_ value: Int, length: Int) throws(TensorError) -> Tensor {
        let pass = try frames(length)
        guard let place = pass.program.values[value] else { preconditionFailure("value \(value) crosses no border") }
        return pass.tensor(place)
    }

    /// Computes positions start ..< start + length of the text in `slot`: the inputs lie where `tensor` says.
    /// - Parameter row: of which of these positions the last stage shall predict the next token; nil: of none.
    /// - Returns: the logits, on the last stage alone.
    package func run(length: Int, slot: Int, start: Int, row: Int?) throws(TensorError) -> Tensor? {
        let end = length == 1 ? stage.nodes.upperBound : tail
        try run(stage.nodes.lowerBound..<end, try frames(length), length, slot, start)
        guard stage.isLast, let row else { return nil }
        guard end < stage.nodes.upperBound else {
            let logits = try tensor(model.values[model.prediction].root, length: length)
            return logits.slice(start: row * (logits.count / length), [logits.count / length])
        }
        let (many, one) = (try frames(length), try frames(1))
        for node in end..<stage.nodes.upperBound {
            let local = node - stage.nodes.lowerBound
            for (index, value) in model.nodes[node].inputs.enumerated()
            where (model.values[value].producer ?? -1) < end {
                let target = one.frames[local].inputs[index]
                let source = many.frames[local].inputs[index]
                backend.copy(source.slice(start: row * target.count, target.shape), to: target)
            }
        }
        try run(end..<stage.nodes.upperBound, one, 1, slot, start + row)
        let logits = try tensor(model.values[model.prediction].root, length: 1)
        return logits.reshaped([logits.count])
    }

    private func run(
        _ nodes: Range<Int>, _ pass: ForwardFrames, _ length: Int, _ slot: Int, _ start: Int
    ) throws(TensorError) {
        guard let graph = graphs[length] else { preconditionFailure("no graph of \(length) positions") }
        for node in nodes {
            let local = node - stage.nodes.lowerBound
            var frame = pass.frames[local]
            frame.cache = caches[slot][local]
            frame.start = start
            graph.nodes[node].layer.forward(frame, on: backend)
        }
    }

    private func frames(_ length: Int) throws(TensorError) -> ForwardFrames {
        if let made = passes[length] { return made }
        guard let graph = graphs[length] else { preconditionFailure("no graph of \(length) positions") }
        let program = StageProgram(
            forwardOf: graph, PipelineLayout(graph, cuts: layout.stages.dropFirst().map(\.entries.lowerBound)),
            stage: stage.index, on: backend)
        let made = try ForwardFrames(
            program, parameters, graph.nodes[stage.nodes].map(\.plan.pieces), on: backend)
        passes[length] = made
        return made
    }
}

/// What the passes of one number of positions compute in.
private struct ForwardFrames {
    let program: StageProgram
    /// By node, counted from the stage's first.
    let frames: [LayerFrame]
    private let frame: DeviceMemory
    private let transient: DeviceMemory

    init(
        _ program: StageProgram, _ parameters: [[Tensor]], _ pieces: [Signature], on backend: any Backend
    ) throws(TensorError) {
        let frame = try backend.allocate(byteCount: max(program.frameBytes, 1))
        let transient = try backend.allocate(byteCount: max(program.transientBytes, 1))
        func tensor(_ place: StageProgram.Place) -> Tensor {
            Tensor(place.region == .frame ? frame : transient, offset: place.offset, spec: place.spec)
        }
        (self.program, self.frame, self.transient) = (program, frame, transient)
        frames = zip(zip(program.nodes, parameters), pieces).map { node, pieces in
            let (node, parameters) = node
            var layer = LayerFrame()
            layer.inputs = node.forward.inputs.map(tensor)
            layer.outputs = node.forward.outputs.map(tensor)
            layer.saved = node.forward.saved.map(tensor)
            layer.scratch = node.forward.scratch.map(tensor)
            layer.parameters = parameters
            layer.pieces = pieces
            layer.isTraining = false
            return layer
        }
    }

    func tensor(_ place: StageProgram.Place) -> Tensor {
        Tensor(place.region == .frame ? frame : transient, offset: place.offset, spec: place.spec)
    }
}
