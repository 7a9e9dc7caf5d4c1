import Tensors

/// A transformer's tensors by role.
struct TransformerFrame {
    /// Parameters, or their gradients.
    struct Weights {
        let norm1: Norm
        let qkv: Affine
        let out: Affine
        let norm2: Norm
        let up: Affine
        let down: Affine

        init(_ tensors: [Tensor], of layer: Transformer) {
            var next = tensors.makeIterator()
            norm1 = Norm(&next, bias: layer.normHasBias)
            qkv = Affine(&next, bias: layer.bias)
            out = Affine(&next, bias: layer.bias)
            norm2 = Norm(&next, bias: layer.normHasBias)
            up = Affine(&next, bias: layer.bias)
            down = Affine(&next, bias: layer.bias)
        }
    }

    let frame: LayerFrame
    let shape: AttentionShape

    init(_ frame: LayerFrame, of layer: Transformer) {
        self.frame = frame
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
    var middle: Tensor { frame.saved[4] }
    var statistics2: Tensor { frame.saved[5] }
    /// The MLP's inner values before the activation.
    var up: Tensor { frame.saved[6] }
    var y: Tensor { frame.outputs[0] }
    /// [batch, capacity, 2 · width]
    var cache: Tensor? { frame.cache.first }

    var dqkv: Tensor { frame.deferred[0] }
    var dmiddle: Tensor { frame.deferred[1] }
    var dup: Tensor { frame.deferred[2] }
    var dy: Tensor { frame.outputGradients[0] }
    var dx: Tensor? { frame.inputGradients[0] }

    /// This micro-batch's gradients of both norms, [2 or 4 × width]: smaller than the rows they are sums of.
    var normGradients: Tensor { frame.deferred[3] }
    var dnorm1: Norm { normGradient(0) }
    var dnorm2: Norm { normGradient(1) }

    private func normGradient(_ which: Int) -> Norm {
        let parts = normGradients.shape[0] / 2
        return Norm(
            weight: normGradient(row: which * parts), bias: parts == 2 ? normGradient(row: which * parts + 1) : nil)
    }

    /// With the spec of norm1's weight: [width].
    private func normGradient(row: Int) -> Tensor {
        let spec = frame.parameters[0].spec
        return Tensor(normGradients.memory, offset: normGradients.offset + row * spec.byteCount, spec: spec)
    }
}
