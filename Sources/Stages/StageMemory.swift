import Layers
import Models
package import Tensors

/// One stage's memory on its device: parameters, gradients, frames and the transient arena, allocated once.
package struct StageMemory {
    /// Parallel to the stage's nodes, then to each layer's parameters: f32, what the optimizer moves; compact where
    /// `isCompact` says so.
    package let masters: [[Tensor]]
    /// What layers compute with: the masters, or 16-bit copies of the matrices.
    package let parameters: [[Tensor]]
    /// Tied parameters have one each: they are added at a step's end, in an order that no cut changes. Those of frozen
    /// parameters have no elements, unless their layer cannot leave them out. Without training there are none.
    package let gradients: [[Tensor]]
    /// nil: this replica updates all of the stage's parameters.
    let owned: OwnedElements?
    /// Which parameters of the stage are one tensor.
    let shared: SharedParameters
    /// Parallel to the stage's nodes, then to each layer's parameters: which of them are trained.
    let trained: [[Bool]]
    /// The other shards of the stage; nil: it is whole.
    let group: (any TensorGroup)?
    private let gradientArena: Tensor?
    /// Sums of lanes that wait for those that follow: the next is of twice as many lanes. Each is like `gradients`.
    private let laneSums: [[[Tensor]]]
    private let frames: [DeviceMemory]
    private let deferred: [DeviceMemory]
    private let transient: DeviceMemory

    /// - Parameter programs: one for each length of micro-batches.
    init(
        _ model: ModelGraph, nodes: Range<Int>, programs: [StageProgram], slots: Int, deferredSlots: Int, dtype: DType,
        lanes: Int, owned: OwnedElements?, isTraining: Bool, group: (any TensorGroup)?, on backend: any Backend
    ) throws(TensorError) {
        precondition(model.shard == group?.shard, "a graph of another shard than its group's")
        self.group = group
        let specs = model.nodes[nodes].map(\.layer.parameters)
        let shapes = specs.map { $0.map(\.shape) }
        let shared = SharedParameters(model, nodes: nodes)
        self.shared = shared
        let trained = model.nodes[nodes].map(\.trained)
        self.trained = trained
        self.owned = owned
        let held = specs.enumerated().map { local, specs in
            specs.enumerated().map { index, spec in
                guard let owned, dtype != .f32, spec.isMatrix, trained[local][index] else { return spec.shape }
                return Shape([owned.count(local, index)])
            }
        }
        masters = shared.joined(try Self.carve(shared.separate(held), on: backend).tensors)
        if isTraining {
            let written = zip(shapes, model.nodes[nodes].map(\.hasGradient)).map { shapes, written in
                zip(shapes, written).map { $1 ? $0 : [0] }
            }
            (gradients, gradientArena) = try Self.carve(written, on: backend)
            let levels = lanes.trailingZeroBitCount
            laneSums = try (0..<levels).map { _ throws(TensorError) in try Self.carve(written, on: backend).tensors }
        } else {
            (gradients, gradientArena) = (shapes.map { _ in [] }, nil)
            laneSums = []
        }
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
        frame.group = group
        return frame
    }

    /// Behind the last micro-batch of a lane: adds its sum, in a node's gradients, to those of the lanes before it, as the
    /// branches of one binary tree: that of lanes 2k and 2k + 1 before that of the two behind them. Behind the last lane
    /// the gradients hold the tree's root; behind others they are zero.
    func finishLane(_ lane: Int, of lanes: Int, node local: Int, on backend: any Backend) {
        for (parameter, gradient) in gradients[local].enumerated() where gradient.count > 0 {
            var level = 0
            while lane >> level & 1 == 1 {
                backend.add(laneSums[level][local][parameter], gradient, into: gradient)
                level += 1
            }
            guard lane + 1 < lanes else { continue }
            backend.copy(gradient, to: laneSums[level][local][parameter])
            backend.zero(gradient)
        }
    }

    package func zeroGradients(on backend: any Backend) {
        if let gradientArena { backend.zero(gradientArena) }
    }

    /// Whether the parameter's master has the own elements alone.
    func isCompact(_ local: Int, _ parameter: Int) -> Bool {
        owned != nil && trained[local][parameter]
            && masters[local][parameter].dtype != parameters[local][parameter].dtype
    }

    /// Takes a parameter's values, where its master is compact: its own elements, and the 16-bit copies of all.
    /// - Parameter whole: f32, of the parameter's shape.
    func set(_ place: SharedParameters.Place, from whole: Tensor, on backend: any Backend) {
        for place in [place] + shared.later(than: place) {
            backend.cast(whole, into: parameters[place.node][place.parameter])
        }
        for (elements, start) in owned?.places(place.node, place.parameter) ?? [] {
            let master = masters[place.node][place.parameter]
            backend.copy(whole.elements(elements), to: master.slice(start: start, [elements.count]))
        }
    }

    /// Brings the 16-bit copies up to date with the masters, those of frozen parameters too unless told otherwise; of a
    /// compact master, its elements' copies.
    func castParameters(trainedOnly: Bool = false, on backend: any Backend) {
        for local in masters.indices {
            for index in masters[local].indices where trained[local][index] || !trainedOnly {
                let (master, copy) = (masters[local][index], parameters[local][index])
                guard copy.dtype != master.dtype else { continue }
                guard let owned, isCompact(local, index) else {
                    backend.cast(master, into: copy)
                    continue
                }
                for (elements, start) in owned.places(local, index) {
                    backend.cast(master.slice(start: start, [elements.count]), into: copy.elements(elements))
                }
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
