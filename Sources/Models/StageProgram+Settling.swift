extension StageProgram {
    /// Replaces every place that lies inside a pass by `final` of it.
    mutating func settle(_ final: (Place) -> Place) {
        nodes = nodes.map { $0.settled(final) }
        backward = backward.map { step in
            switch step {
            case .recompute, .node: step
            case .add(let part, let sum): .add(final(part), into: final(sum))
            case .zero(let place): .zero(final(place))
            }
        }
        let head = loss?.head?.settled(final)
        loss?.head = head
        let parts = loss?.parts.map(final)
        loss?.parts = parts
    }
}

extension StageProgram.NodePlaces {
    fileprivate func settled(_ final: (StageProgram.Place) -> StageProgram.Place) -> Self {
        var places = self
        places.forward = forward.settled(final)
        places.recomputed = recomputed.settled(final)
        places.deferred = deferred.map(final)
        places.outputGradients = outputGradients.map(final)
        places.inputGradients = inputGradients.map { $0.map(final) }
        places.backwardScratch = backwardScratch.map(final)
        return places
    }
}

extension StageProgram.HeadPlaces {
    fileprivate func settled(_ final: (StageProgram.Place) -> StageProgram.Place) -> Self {
        var places = self
        places.targets = final(targets)
        places.losses = final(losses)
        places.input = final(input)
        places.backward = backward.map(final)
        return places
    }
}

extension StageProgram.ForwardPlaces {
    fileprivate func settled(_ final: (StageProgram.Place) -> StageProgram.Place) -> Self {
        StageProgram.ForwardPlaces(
            inputs: inputs.map(final), outputs: outputs.map(final), saved: saved.map(final), scratch: scratch.map(final)
        )
    }
}
