import Layers
import Runs
import Stages
import Tensors

/// Looks at every tensor of a step that is computed once more, and keeps the first that is not finite.
///
/// "First" by the order in which values depend on each other, not by the schedule's: the same on every partition.
final class FiniteProbe: PassObserver {
    /// The micro-batch that is being computed.
    var microBatch = 0
    private(set) var first: NonFiniteTensor?

    func checkWeights(_ node: Int, _ parameters: [Tensor], on backend: any Backend) {
        check(parameters, .weight, node, on: backend)
    }

    func finishedForward(_ node: Int, _ frame: LayerFrame, on backend: any Backend) {
        if node == 0 { check(frame.inputs, .input, node, on: backend) }
        check(frame.outputs, .output, node, on: backend)
    }

    /// - Parameter node: the last one.
    func finishedLoss(_ node: Int, _ rows: Tensor, on backend: any Backend) {
        check([rows], .loss, node, on: backend)
    }

    func finishedBackwardInput(_ node: Int, _ frame: LayerFrame, on backend: any Backend) {
        check(frame.inputGradients, .inputGradient, node, on: backend)
    }

    func finishedBackwardWeight(_ node: Int, _ frame: LayerFrame, on backend: any Backend) {
        check(frame.gradients, .weightGradient, node, on: backend)
    }

    /// A sum of squares in f64 is finite just where every element of the tensor is.
    private func check(
        _ tensors: [Tensor?], _ role: NonFiniteTensor.Role, _ node: Int, on backend: any Backend
    ) {
        for (index, tensor) in tensors.enumerated() {
            guard let tensor, tensor.dtype.isFloatingPoint, tensor.count > 0 else { continue }
            let sum = backend.sumOfSquares(tensor)
            guard !sum.isFinite else { continue }
            let found = NonFiniteTensor(role, microBatch: microBatch, node: node, index: index, isNaN: sum.isNaN)
            if first.map({ found.precedes($0) }) ?? true { first = found }
            return
        }
    }
}
