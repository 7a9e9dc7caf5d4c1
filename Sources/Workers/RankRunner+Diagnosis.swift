import Models
import Runs
import Stages
import Tensors

extension RankRunner {
    /// Computes a step that was not finite once more and looks at every tensor on the way. All ranks do so together: the
    /// weights have not moved, data and random numbers follow from the step, so every value comes out as it did.
    /// - Returns: this rank's first tensor that is not finite; nil where all of its own are.
    func diagnose(step: Int) throws -> NonFiniteTensor? {
        let probe = FiniteProbe()
        for executor in executors.values {
            executor.memory.zeroGradients(on: backend)
            for (local, parameters) in executor.memory.parameters.enumerated() {
                probe.checkWeights(executor.stage.nodes.lowerBound + local, parameters, on: backend)
            }
            executor.observer = probe
        }
        self.probe = probe
        defer {
            self.probe = nil
            for executor in executors.values { executor.observer = nil }
        }
        try read(step..<step + 1)
        for index in walk.operations.indices { try perform(index, step: step) }
        recorder.clear()
        return probe.first
    }
}
