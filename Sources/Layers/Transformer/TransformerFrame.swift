import Tensors

/// A transformer's tensors by role. Of a part there are only its branch's: x₂ is then what one hands on and the other
/// takes.
struct TransformerFrame {
    /// A branch's parameters, or their gradients.
    struct Weights {
        let norm: Norm
        /// What the norm feeds: `qkv` or `up`.
        let into: Affine
        /// The branch's end: `out` or `down`.
        let out: Affine

        init(_ tensors: [Tensor], of layer: Transformer, _ branch: Transformer.Branch) {
            var next = tensors.makeIterator()
            var weights = Weights(&next, of: layer)
            if branch == .mlp, layer.has(.attention) { weights = Weights(&next, of: layer) }
            self = weights
        }

        private init(_ next: inout IndexingIterator<[Tensor]>, of layer: Transformer) {
            norm = Norm(&next, bias: layer.normHasBias)
            into = Affine(&next, bias: layer.bias)
            out = Affine(&next, bias: layer.bias)
        }
    }

    let frame: LayerFrame
    let shape: AttentionShape
    /// The only one; nil: both are there.
    private let branch: Transformer.Branch?

    init(_ frame: LayerFrame, of layer: Transformer) {
        self.frame = frame
        branch = layer.branch
        shape = AttentionShape(
            frame.inputs[0].shape, of: layer, capacity: frame.cache.first?.shape[1] ?? 0)
    }

    // [batch, sequence, width], but qkv and its gradient [… 3 · width], up and its gradient [… hidden]
    var x: Tensor { frame.inputs[0] }
    var statistics1: Tensor { frame.saved[0] }
    var qkv: Tensor { frame.saved[1] }
    /// The heads' output, before its projection.
    var attended: Tensor { frame.saved[2] }
    var logSumExp: Tensor { frame.saved[3] }
    /// x₂, after the attention's residual.
    var middle: Tensor {
        switch branch {
        case nil: frame.saved[4]
        case .attention: frame.outputs[0]
        case .mlp: frame.inputs[0]
        }
    }
    var statistics2: Tensor { frame.saved[branch == nil ? 5 : 0] }
    /// The MLP's inner values before the activation.
    var up: Tensor { frame.saved[branch == nil ? 6 : 1] }
    var y: Tensor { frame.outputs[0] }
    /// [batch, capacity, 2 · width]
    var cache: Tensor? { frame.cache.first }

    var dqkv: Tensor { frame.deferred[0] }
    /// nil where nobody needs it.
    var dmiddle: Tensor? {
        switch branch {
        case nil: frame.deferred[1]
        case .attention: frame.outputGradients[0]
        case .mlp: frame.inputGradients[0]
        }
    }
    var dup: Tensor { frame.deferred[branch == nil ? 2 : 0] }
    var dy: Tensor { frame.outputGradients[0] }
    var dx: Tensor? { frame.inputGradients[0] }

    /// This micro-batch's gradients of the norms, one or two rows for each: smaller than the rows they are sums of.
    var normGradients: Tensor { frame.deferred[branch == nil ? 3 : 1] }

    func normGradient(_ branch: Transformer.Branch, of layer: Transformer) -> Norm {
        let row = branch == .mlp && layer.has(.attention) ? normGradients.shape[0] / 2 : 0
        return Norm(
            weight: normGradient(row: row), bias: layer.normHasBias ? normGradient(row: row + 1) : nil)
    }

    /// With the spec of a norm's weight: [width].
    private func normGradient(row: Int) -> Tensor {
        let spec = frame.parameters[0].spec
        return Tensor(normGradients.memory, offset: normGradients.offset + row * spec.byteCount, spec: spec)
    }
}
