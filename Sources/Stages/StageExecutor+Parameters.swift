package import Checkpoints
import Layers
import Models
package import Tensors

/// First values of a stage's parameters, and their way into a file.
extension StageExecutor {
    /// A parameter that has memory of its own on this stage.
    struct OwnParameter {
        /// The model's; a tied parameter's is that of its tie's first member, wherever that lives.
        var name: String
        var tensor: Tensor
        /// The stage's node and the parameter within it, both counted from 0.
        var place: SharedParameters.Place
        var initial: Distribution
        var key: RandomKey
        /// Whether it is an adapter's, which a model's own files do not hold.
        var isAdapter: Bool
        /// Of the whole parameter, where this stage is a shard and has a part of it.
        var slice: TensorSlice?
    }

    /// Every parameter of the stage once, in the model's order.
    func ownParameters(seed: UInt64 = 0) -> [OwnParameter] {
        var result: [OwnParameter] = []
        for node in stage.nodes {
            for parameter in model.nodes[node].layer.parameters.indices {
                let place = SharedParameters.Place(node: node - stage.nodes.lowerBound, parameter: parameter)
                guard !memory.shared.isLater(place.node, parameter) else { continue }
                let named = model.origin(of: Tie.Member(node: node, parameter: parameter))
                let origin = model.nodes[named.node]
                let spec = origin.layer.parameters[named.parameter]
                result.append(
                    OwnParameter(
                        name: model.storedName(of: named),
                        tensor: memory.masters[place.node][parameter], place: place,
                        initial: spec.initial,
                        key: RandomKey(
                            seed: seed, step: .max,
                            sample: UInt32(truncatingIfNeeded: origin.parameterPlaces[named.parameter]),
                            layer: Self.stream(of: origin)), isAdapter: model.isAdapter(named), slice: spec.slice))
            }
        }
        return result
    }

    /// Where a parameter's gradient is summed.
    /// - Parameter node: the model's, on this stage.
    package func gradient(ofNode node: Int, parameter: Int) -> Tensor {
        memory.gradients[node - stage.nodes.lowerBound][parameter]
    }

    /// First values from the seed: they depend on the parameter alone, not on who owns it. A shard draws all of a parameter
    /// that it has a part of, in memory that it takes for so long; so does a replica.
    package func initialiseParameters(seed: UInt64) throws(TensorError) {
        for parameter in ownParameters(seed: seed) { try draw(parameter) }
        memory.castParameters(on: backend)
    }

    private func draw(_ parameter: OwnParameter) throws(TensorError) {
        guard let slice = parameter.slice else {
            return withWhole(parameter) { backend.fill($0, parameter.initial, key: parameter.key) }
        }
        let whole = try Tensor.make(TensorSpec(slice.whole), on: backend)
        backend.fill(whole, parameter.initial, key: parameter.key)
        backend.gather(whole, slice, into: parameter.tensor)
        backend.synchronise()
    }

    /// Has a parameter's values filled into a tensor of its shape: its master, or one that lives as long as the call where the
    /// master has only some of them.
    func withWhole<Failure: Error>(_ parameter: OwnParameter, _ fill: (Tensor) throws(Failure) -> Void) throws(Failure)
    {
        let place = parameter.place
        guard memory.isCompact(place.node, place.parameter) else { return try fill(parameter.tensor) }
        let spec = TensorSpec(memory.parameters[place.node][place.parameter].shape)
        guard let whole = try? backend.allocate(byteCount: spec.byteCount) else {
            preconditionFailure("no memory for \(parameter.name), which is \(spec.byteCount) bytes")
        }
        let tensor = Tensor(whole, spec: spec)
        try fill(tensor)
        memory.set(place, from: tensor, on: backend)
        backend.synchronise()
    }

    /// First values from files that were checked to hold them.
    /// - Parameters:
    ///   - adapters: where the values of adapters are.
    ///   - seed: draws those of adapters that no file holds.
    package func loadParameters(
        _ weights: some ParameterSource, adapters: (any ParameterSource)? = nil, seed: UInt64 = 0
    ) throws {
        for parameter in ownParameters(seed: seed) {
            if !parameter.isAdapter {
                try fill(parameter, from: weights)
            } else if let adapters {
                try fill(parameter, from: adapters)
            } else {
                try draw(parameter)
            }
        }
        memory.castParameters(on: backend)
    }

    /// Values of adapters alone.
    package func loadAdapters(_ weights: some ParameterSource) throws(CheckpointError) {
        for parameter in ownParameters() where parameter.isAdapter {
            try fill(parameter, from: weights)
        }
        memory.castParameters(trainedOnly: true, on: backend)
    }

    private func fill(_ parameter: OwnParameter, from weights: some ParameterSource) throws(CheckpointError) {
        if let slice = parameter.slice {
            return try backend.fill(parameter.tensor, with: parameter.name, slice, of: weights)
        }
        try withWhole(parameter) { (tensor: Tensor) throws(CheckpointError) in
            try backend.fill(tensor, with: parameter.name, of: weights)
        }
    }

    /// Which elements of a parameter a worker has to save.
    package enum Part {
        case all
        /// Those from one on: a run of what this replica has.
        case run(from: Int)
        /// A shard's.
        case slice(TensorSlice)
    }

    /// Hands the name and bytes of every parameter to `write`, but for tied ones whose first member lives on another stage, and
    /// which part of the parameter they are.
    /// - Parameter compactOnly: whether what this replica has whole is another one's to save.
    package func saveParameters(
        compactOnly: Bool = false, _ write: (String, UnsafeRawBufferPointer, Part) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        for parameter in ownParameters() where isStored(parameter) {
            let place = parameter.place
            guard let owned = memory.owned, memory.isCompact(place.node, place.parameter) else {
                guard !compactOnly else { continue }
                try backend.withBytes(of: parameter.tensor) { bytes throws(CheckpointError) in
                    try write(parameter.name, bytes, parameter.slice.map { .slice($0) } ?? .all)
                }
                continue
            }
            for (elements, start) in owned.places(place.node, place.parameter) {
                let part = parameter.tensor.slice(start: start, [elements.count])
                try backend.withBytes(of: part) { bytes throws(CheckpointError) in
                    try write(parameter.name, bytes, .run(from: elements.lowerBound))
                }
            }
        }
    }

    /// Whether files have the parameter from this stage: of a tie, from the first member's; of what all shards have whole, from
    /// the first shard's.
    func isStored(_ parameter: OwnParameter) -> Bool {
        guard parameter.slice != nil || (model.shard?.index ?? 0) == 0 else { return false }
        return model.isStored(
            Tie.Member(node: parameter.place.node + stage.nodes.lowerBound, parameter: parameter.place.parameter))
    }
}
