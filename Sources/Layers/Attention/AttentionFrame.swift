import Tensors

/// An attention's tensors by role.
struct AttentionFrame {
    /// Weights of the norms of q and k: [headWidth] each.
    struct Norms {
        let query: Tensor
        let key: Tensor
    }

    /// Parameters, or their gradients.
    struct Weights {
        let qkv: Affine
        let norms: Norms?
        let out: Affine

        init(_ tensors: [Tensor], of layer: Attention) {
            var next = tensors.makeIterator()
            qkv = Affine(&next, bias: layer.bias != .none)
            if layer.headNorm != nil, let query = next.next(), let key = next.next() {
                norms = Norms(query: query, key: key)
            } else {
                norms = nil
            }
            out = Affine(&next, bias: layer.bias == .all)
        }
    }

    let frame: LayerFrame
    let shape: AttentionShape
    /// Where the gradient of the first norm's weight stands among the gradients, and its parameter.
    private let firstNorm: Int

    init(_ frame: LayerFrame, of layer: Attention) {
        self.frame = frame
        firstNorm = layer.bias == .none ? 1 : 2
        shape = AttentionShape(
            frame.inputs[0].shape, of: layer, hasPrefix: frame.inputs.count == 2,
            capacity: frame.cache.first?.shape[1] ?? 0)
    }

    // [batch, sequence, width]; qkv and its gradient [… (heads + 2 · keyHeads) · headWidth], attended [… heads · headWidth]
    var x: Tensor { frame.inputs[0] }
    /// i32[batch, 1 + 2 · sequence]
    var positions: Tensor? { frame.inputs.dropFirst().first }
    /// As the projection leaves it; its q and k turn in place where no norm stands before that.
    var qkv: Tensor { frame.saved[0] }
    /// The heads' output, before its projection.
    var attended: Tensor { frame.saved[1] }
    var logSumExp: Tensor { frame.saved[2] }
    /// 1/rms of each head of q and k.
    var statistics: Tensor { frame.saved[3] }
    var y: Tensor { frame.outputs[0] }
    /// [batch, capacity, 2 · keyHeads · headWidth]
    var cache: Tensor? { frame.cache.first }

    var dqkv: Tensor { frame.deferred[0] }
    var dy: Tensor { frame.outputGradients[0] }
    var dx: Tensor? { frame.inputGradients[0] }

    /// This micro-batch's gradients of the norms' weights, [2 × headWidth]: smaller than the rows they are sums of.
    var normGradients: (whole: Tensor, query: Tensor, key: Tensor)? {
        guard let whole = frame.deferred.dropFirst().first else { return nil }
        // A spec that is there: one made in a pass would be an allocation.
        let spec = frame.parameters[firstNorm].spec
        return (
            whole, Tensor(whole.memory, offset: whole.offset, spec: spec),
            Tensor(whole.memory, offset: whole.offset + spec.byteCount, spec: spec)
        )
    }
}
