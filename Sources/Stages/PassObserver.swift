package import Layers
package import Tensors

/// Sees a node's tensors right after each of its passes, before anything overwrites them.
package protocol PassObserver: AnyObject {
    func finishedForward(_ node: Int, _ frame: LayerFrame, on backend: any Backend)
    /// - Parameters:
    ///   - node: the last one.
    ///   - rows: f32[rows]: the loss of each row of the micro-batch.
    func finishedLoss(_ node: Int, _ rows: Tensor, on backend: any Backend)
    func finishedBackwardInput(_ node: Int, _ frame: LayerFrame, on backend: any Backend)
    func finishedBackwardWeight(_ node: Int, _ frame: LayerFrame, on backend: any Backend)
}
