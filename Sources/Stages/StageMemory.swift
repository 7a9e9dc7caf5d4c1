import Layers
import Models
package import Tensors

/// One stage's memory on its device: parameters, gradients, frames and the transient arena, allocated once.
package struct StageMemory {
    /// Parallel to the stage's nodes, then to each layer's parameters: f32, what the optimizer moves.
    package let masters: [[Tensor]]
    /// What layers compute with: the masters, or 16-bit copies of the matrices.
    package let parameters: [[Tensor]]
    /// Tied parameters have one each: they are added at a step's end, in an order that no cut changes. Those of frozen
    /// parameters have no elements, unless their layer cannot leave them out. Without training there are none.
    package let gradients: [[Tensor]]
    /// Which parameters of the stage are one tensor.
    let shared: SharedParameters
    /// Parallel to the stage's nodes, then to each layer's parameters: which of them are trained.
    let trained: [[Bool]]
    /// The gradients that count in the norm: those of trained parameters; of a tie, the first member's.
    let countedGradients: [[Tensor]]
    /// The same, one after the other.
    let allCountedGradients: [Tensor]
    private let gradientArena: Tensor?
    private let frames: [DeviceMemory]
    private let deferred: [DeviceMemory]
    private let transient: DeviceMemory

    /// - Parameter programs: one for each length of micro-batches.
    init(
        _ model: ModelGraph, nodes: Range<Int>, programs: [StageProgram], slots: Int, deferredSlots: Int, dtype: DType,
        isTraining: Bool, on backend: any Backend
    ) throws(TensorError) {
        let specs = model.nodes[nodes].map(\.layer.parameters)
        let shapes = specs.map { $0.map(\.shape) }
        let shared = SharedParameters(model, nodes: nodes)
        self.shared = shared
        let trained = model.nodes[nodes].map(\.trained)
        self.trained = trained
        masters = shared.joined(try Self.carve(shared.separate(shapes), on: backend).tensors)
        if isTraining {
            let written = zip(shapes, model.nodes[nodes].map(\.hasGradient)).map { shapes, written in
                zip(shapes, written).map { $1 ? $0 : [0] }
            }
            (gradients, gradientArena) = try Self.carve(written, on: backend)
        } else {
            (gradients, gradientArena) = (shapes.map { _ in [] }, nil)
        }
        countedGradients = gradients.enumerated().map { local, own in
            own.enumerated().filter { parameter, _ in
                trained[local][parameter]
                    && model.isStored(Tie.Member(node: nodes.lowerBound + local, parameter: parameter))
            }.map(\.element)
        }
        allCountedGradients = countedGradients.flatMap { $0 }
        if dtype == .f32 {
            parameters = masters
        } else {
            let matrices = specs.map { $0.filter(\.isMatrix).map(\.shape) }
            let (copies, _) = try Self.carve(matrices, dtype, on: backend)
            parameters = zip(specs, zip(masters, copies)).map { specs, tensors in
                var copies = tensors.1.makeIterator()
                return zip(specs, tensors.0).map { $0.isMatrix ? copies.next() ?? $1 : $1 }
            }
        }
        let frameBytes = programs.map(\.frameBytes).max() ?? 0
        let deferredBytes = programs.map(\.deferredBytes).max() ?? 0
        frames = try (0..<slots).map { _ throws(TensorError) in
            try backend.allocate(byteCount: max(frameBytes, 1))
        }
        deferred = try (0..<deferredSlots).map { _ throws(TensorError) in
            try backend.allocate(byteCount: max(deferredBytes, 1))
        }
        transient = try backend.allocate(byteCount: max(programs.map(\.transientBytes).max() ?? 0, 1))
    }

    func tensor(_ place: StageProgram.Place, slot: Int, deferred deferredSlot: Int = 0) -> Tensor {
        switch place.region {
        case .frame: Tensor(frames[slot], offset: place.offset, spec: place.spec)
        case .deferred: Tensor(deferred[deferredSlot], offset: place.offset, spec: place.spec)
        case .transient: Tensor(transient, offset: place.offset, spec: place.spec)
        }
    }

    /// The frames that layers see in the forward pass, or in the recomputed one, by node.
    func forwardFrames(
        _ program: StageProgram, _ places: (StageProgram.NodePlaces) -> StageProgram.ForwardPlaces, slot: Int,
        isTraining: Bool
    ) -> [LayerFrame] {
        program.nodes.indices.map { forwardFrame($0, places(program.nodes[$0]), slot, isTraining) }
    }

    /// The frames that layers see in their backward halves, by node.
    func backwardFrames(_ program: StageProgram, slot: Int, deferred: Int, isTraining: Bool) -> [LayerFrame] {
        program.nodes.indices.map { local in
            let places = program.nodes[local]
            func tensor(_ place: StageProgram.Place) -> Tensor { self.tensor(place, slot: slot, deferred: deferred) }
            var frame = forwardFrame(local, places.recomputed, slot, isTraining)
            frame.deferred = places.deferred.map(tensor)
            frame.outputGradients = places.outputGradients.map(tensor)
            frame.inputGradients = places.inputGradients.map { $0.map(tensor) }
            frame.scratch = places.backwardScratch.map(tensor)
            return frame
        }
    }

    private func forwardFrame(
        _ local: Int, _ places: StageProgram.ForwardPlaces, _ slot: Int, _ isTraining: Bool
    ) -> LayerFrame {
        var frame = LayerFrame()
        frame.inputs = places.inputs.map { tensor($0, slot: slot) }
        frame.outputs = places.outputs.map { tensor($0, slot: slot) }
        frame.saved = places.saved.map { tensor($0, slot: slot) }
        frame.scratch = places.scratch.map { tensor($0, slot: slot) }
        frame.parameters = parameters[local]
        frame.gradients = gradients[local]
        frame.isTraining = isTraining
        return frame
    }

    package func zeroGradients(on backend: any Backend) {
        if let gradientArena { backend.zero(gradientArena) }
    }

    /// Brings the 16-bit copies up to date with the masters, those of frozen parameters too unless told otherwise.
    func castParameters(trainedOnly: Bool = false, on backend: any Backend) {
        for local in masters.indices {
            for index in masters[local].indices where trained[local][index] || !trainedOnly {
                let (master, copy) = (masters[local][index], parameters[local][index])
                if copy.dtype != master.dtype { backend.cast(master, into: copy) }
            }
        }
    }

    /// One allocation cut into tensors, each aligned to a cache line.
    static func carve(
        _ shapes: [[Shape]], _ dtype: DType = .f32, on backend: any Backend
    ) throws(TensorError) -> (tensors: [[Tensor]], arena: Tensor) {
        let line = 64 / dtype.size
        let sizes = shapes.flatMap { $0 }.map { ($0.count + line - 1) / line * line }
        let count = max(sizes.reduce(0, +), 1)
        let arena = Tensor(try backend.allocate(byteCount: count * dtype.size), spec: TensorSpec([count], dtype))
        backend.zero(arena)
        var start = 0
        var next = sizes.makeIterator()
        let tensors = shapes.map { layer in
            layer.map { shape in
                defer { start += next.next() ?? 0 }
                return arena.slice(start: start, shape)
            }
        }
        return (tensors, arena)
    }
}
