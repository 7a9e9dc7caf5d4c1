import Models
import Systems
import Tensors

/// Seconds of the passes of one micro-batch.
package struct PassSample {
    /// By node: forward, input gradient, weight gradient.
    package var nodes: [[Double]]
    package var loss = 0.0

    package var total: Double { nodes.joined().reduce(loss, +) }
}

extension StageExecutor {
    /// Runs one micro-batch forward and back, and says how long each node's passes took.
    /// - Parameter apart: all input gradients before the first weight gradient, instead of node by node.
    package func timePasses(step: Int, slot: Int, apart: Bool = false) -> PassSample {
        var sample = PassSample(nodes: Array(repeating: [0.0, 0, 0], count: program.nodes.count))
        func time(_ node: Int, _ pass: Int, _ body: () -> Void) {
            sample.nodes[node][pass] += seconds(body)
        }
        let whole = seconds {
            forward(step: step, microBatch: 0, slot: slot) { node, body in time(node, 0, body) }
        }
        sample.loss = max(0, whole - sample.nodes.reduce(0) { $0 + $1[0] })
        if apart {
            _ = run(slot, 0) { frame, node in time(node.local, 1) { backwardInput(frame, node) } }
            _ = backwardWeight(slot, 0) { frame, node in time(node.local, 2) { backwardWeight(frame, node) } }
        } else {
            _ = run(slot, 0) { frame, node in
                time(node.local, 1) { backwardInput(frame, node) }
                time(node.local, 2) { backwardWeight(frame, node) }
            }
        }
        return sample
    }

    private func seconds(_ body: () -> Void) -> Double {
        let start = MonotonicClock.now
        body()
        backend.synchronise()
        return Double(MonotonicClock.now - start) / 1e9
    }
}
