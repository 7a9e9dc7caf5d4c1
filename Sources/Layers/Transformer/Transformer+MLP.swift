import Tensors

/// The MLP's branch: y = x₂ + dropout(down(activation(up(norm2(x₂)))))
extension Transformer {
    private var mask: DropoutStream { DropoutStream(probability: dropout, index: 1) }

    func forwardMLP(_ t: TransformerFrame, on backend: any Backend) {
        let w = TransformerFrame.Weights(t.frame.parameters, of: self, .mlp)
        var scratch = Scratch(t.frame.scratch)
        let normalised = scratch.take(t.x.spec)
        let branch = dropout > 0 ? scratch.take(t.x.spec) : nil
        let hidden = scratch.take(t.up.spec)
        let adapted = AdapterPasses(adapters, t.frame, scratch, on: backend)

        normalise(t.middle, w.norm, into: normalised, t.statistics2, on: backend)
        if adapted.has(upProduct) {
            w.into.forward(normalised, into: t.up, on: backend)
            adapted.forward(upProduct, normalised, into: t.up)
            backend.activation(activation, t.up, into: hidden)
        } else {
            w.into.forward(normalised, into: t.up, activation, output: hidden, on: backend)
        }
        addBranch(hidden, w.out, adapted, downProduct, to: t.middle, into: t.y, mask, branch, on: backend)
    }

    /// dy → dup → the gradient of norm2's output → dmiddle
    func backwardInputMLP(_ t: TransformerFrame, on backend: any Backend) {
        let w = TransformerFrame.Weights(t.frame.parameters, of: self, .mlp)
        var scratch = Scratch(t.frame.scratch)
        let gradient = scratch.take(t.x.spec)
        let branch = dropout > 0 ? scratch.take(t.x.spec) : nil
        let adapted = AdapterPasses(adapters, t.frame, scratch, on: backend)

        let dmlp = masked(t.dy, mask, branch, t.frame, on: backend)
        w.out.backwardInput(dmlp, into: t.dup, on: backend)
        adapted.backwardInput(downProduct, dmlp, into: t.dup)
        backend.activationBackward(activation, x: t.up, dy: t.dup, into: t.dup)
        w.into.backwardInput(t.dup, into: gradient, on: backend)
        adapted.backwardInput(upProduct, t.dup, into: gradient)
        if shard != nil { t.frame.sum(gradient) }
        leaveBranch(
            gradient, w.norm, into: t.normGradient(.mlp, of: self), x: t.middle, t.statistics2, dy: t.dy,
            into: t.dmiddle, on: backend)
    }

    func backwardWeightMLP(_ t: TransformerFrame, on backend: any Backend) {
        let w = TransformerFrame.Weights(t.frame.parameters, of: self, .mlp)
        let dw = TransformerFrame.Weights(t.frame.gradients, of: self, .mlp)
        var scratch = Scratch(t.frame.scratch)
        let normalised = scratch.take(t.x.spec)
        let branch = dropout > 0 ? scratch.take(t.x.spec) : nil
        let hidden = scratch.take(t.up.spec)
        let adapted = AdapterPasses(adapters, t.frame, scratch, on: backend)

        if dw.into.isTrained || adapted.has(upProduct) {
            normalise(t.middle, w.norm, into: normalised, t.statistics2, on: backend)
            dw.into.backwardWeight(t.dup, x: normalised, on: backend)
            adapted.backwardWeight(upProduct, t.dup, x: normalised)
        }
        if dw.out.isTrained || adapted.has(downProduct) {
            backend.activation(activation, t.up, into: hidden)
            let dmlp = masked(t.dy, mask, branch, t.frame, on: backend)
            dw.out.backwardWeight(dmlp, x: hidden, on: backend)
            adapted.backwardWeight(downProduct, dmlp, x: hidden)
        }
        add(t.normGradient(.mlp, of: self), to: dw.norm, on: backend)
    }
}
