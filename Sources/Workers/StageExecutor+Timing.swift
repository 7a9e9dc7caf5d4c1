import Models
import Tensors

extension StageExecutor {
    /// Runs one micro-batch forward and back, and says how long each node's passes took.
    /// - Returns: by node: seconds of forward, input gradient, weight gradient.
    func timePasses(step: Int, slot: Int) -> [[Double]] {
        var seconds = Array(repeating: [0.0, 0, 0], count: program.nodes.count)
        func time(_ node: Int, _ pass: Int, _ body: () -> Void) {
            let start = Clock.nanoseconds
            body()
            backend.synchronise()
            seconds[node][pass] += Double(Clock.nanoseconds - start) / 1e9
        }
        forward(step: step, microBatch: 0, slot: slot) { node, body in time(node, 0, body) }
        _ = run(slot) { node in
            time(node, 1) { backwardInput(node, slot) }
            time(node, 2) { backwardWeight(node, slot) }
        }
        return seconds
    }
}
