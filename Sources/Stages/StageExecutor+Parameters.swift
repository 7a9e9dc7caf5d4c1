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
    }

    /// Every parameter of the stage once, in the model's order.
    func ownParameters(seed: UInt64 = 0) -> [OwnParameter] {
        var result: [OwnParameter] = []
        for node in stage.nodes {
            for parameter in model.nodes[node].layer.parameters.indices {
                let place = SharedParameters.Place(node: node - stage.nodes.lowerBound, parameter: parameter)
                guard !memory.shared.isLater(place.node, parameter) else { continue }
                let named = model.origin(of: Tie.Member(node: node, parameter: parameter))
                result.append(
                    OwnParameter(
                        name: model.storedName(of: named),
                        tensor: memory.masters[place.node][parameter], place: place,
                        initial: model.nodes[named.node].layer.parameters[named.parameter].initial,
                        key: RandomKey(
                            seed: seed, step: .max, sample: UInt32(truncatingIfNeeded: named.parameter),
                            layer: Self.stream(ofNode: named.node)), isAdapter: model.isAdapter(named)))
            }
        }
        return result
    }

    /// Where a parameter's gradient is summed.
    /// - Parameter node: the model's, on this stage.
    package func gradient(ofNode node: Int, parameter: Int) -> Tensor {
        memory.gradients[node - stage.nodes.lowerBound][parameter]
    }

    /// First values from the seed: they depend on the parameter alone, not on who owns it.
    package func initialiseParameters(seed: UInt64) {
        for parameter in ownParameters(seed: seed) {
            backend.fill(parameter.tensor, parameter.initial, key: parameter.key)
        }
        memory.castParameters(on: backend)
    }

    /// First values from files that were checked to hold them.
    /// - Parameters:
    ///   - adapters: where the values of adapters are.
    ///   - seed: draws those of adapters that no file holds.
    package func loadParameters(
        _ weights: some ParameterSource, adapters: (any ParameterSource)? = nil, seed: UInt64 = 0
    ) throws(CheckpointError) {
        for parameter in ownParameters(seed: seed) {
            if !parameter.isAdapter {
                try backend.fill(parameter.tensor, with: parameter.name, of: weights)
            } else if let adapters {
                try backend.fill(parameter.tensor, with: parameter.name, of: adapters)
            } else {
                backend.fill(parameter.tensor, parameter.initial, key: parameter.key)
            }
        }
        memory.castParameters(on: backend)
    }

    /// Values of adapters alone.
    package func loadAdapters(_ weights: some ParameterSource) throws(CheckpointError) {
        for parameter in ownParameters() where parameter.isAdapter {
            try backend.fill(parameter.tensor, with: parameter.name, of: weights)
        }
        memory.castParameters(trainedOnly: true, on: backend)
    }

    /// Hands the name and bytes of every parameter to `write`, but for tied ones whose first member lives on another stage.
    package func saveParameters(_ write: (String, UnsafeRawBufferPointer) throws(CheckpointError) -> Void)
        throws(CheckpointError)
    {
        for parameter in ownParameters() where isStored(parameter) {
            try backend.withBytes(of: parameter.tensor) { bytes throws(CheckpointError) in
                try write(parameter.name, bytes)
            }
        }
    }

    /// Whether files have the parameter from this stage: of a tie, from the first member's.
    func isStored(_ parameter: OwnParameter) -> Bool {
        model.isStored(
            Tie.Member(node: parameter.place.node + stage.nodes.lowerBound, parameter: parameter.place.parameter))
    }
}
