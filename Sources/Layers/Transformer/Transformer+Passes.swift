public import Tensors

extension Transformer {
    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        let t = TransformerFrame(frame, of: self)
        if has(.attention) { forwardAttention(t, on: backend) }
        if has(.mlp) { forwardMLP(t, on: backend) }
    }

    /// Leaves dqkv, dmiddle, dup and the norms' gradients; dy stays as it is.
    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        let t = TransformerFrame(frame, of: self)
        backend.zero(t.normGradients)
        if has(.mlp) { backwardInputMLP(t, on: backend) }
        if has(.attention) { backwardInputAttention(t, on: backend) }
    }

    /// Four products of an output gradient with the input of its matrix, which is recomputed where it was not kept; none
    /// of it where the matrix is frozen and has no adapter.
    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {
        let t = TransformerFrame(frame, of: self)
        if has(.attention) { backwardWeightAttention(t, on: backend) }
        if has(.mlp) { backwardWeightMLP(t, on: backend) }
    }

    func normalise(
        _ x: Tensor, _ parameters: Norm, into y: Tensor, _ statistics: Tensor, on backend: any Backend
    ) {
        norm.forward(x, parameters, epsilon: Float(epsilon), into: y, statistics: statistics, on: backend)
    }

    /// y = x + dropout(input · Wᵀ + b), with the adapters of that product. Shards sum the product before x is added: x is
    /// whole on each of them.
    func addBranch(
        _ input: Tensor, _ map: Affine, _ adapted: AdapterPasses, _ product: Int, to x: Tensor, into y: Tensor,
        _ mask: DropoutStream, _ branch: Tensor?, on backend: any Backend
    ) {
        let isMasked = mask.isActive(adapted.frame)
        guard isMasked || shard != nil else {
            map.forward(input, plus: x, into: y, on: backend)
            adapted.forward(product, input, into: y)
            return
        }
        let sum = isMasked ? branch ?? y : y
        map.summand(of: shard).forward(input, into: sum, on: backend)
        adapted.forward(product, input, into: sum)
        if shard != nil { adapted.frame.sum(sum) }
        if isMasked { mask.apply(sum, into: y, adapted.frame, on: backend) }
        backend.add(x, y, into: y)
    }

    /// What a branch's norm makes of `gradient`, that of its output: its own parameters' gradients, and dx = dy + that of
    /// x, where dx is wanted.
    func leaveBranch(
        _ gradient: Tensor, _ weights: Norm, into gradients: Norm, x: Tensor, _ statistics: Tensor, dy: Tensor,
        into dx: Tensor?, on backend: any Backend
    ) {
        norm.backwardWeight(gradient, x: x, statistics: statistics, into: gradients, on: backend)
        guard let dx else { return }
        backend.copy(dy, to: dx)
        norm.backwardInput(gradient, x: x, weights, statistics: statistics, into: dx, accumulate: true, on: backend)
    }

    /// The gradient behind a branch's dropout: dy itself where nothing is dropped, else in `branch`.
    func masked(
        _ dy: Tensor, _ mask: DropoutStream, _ branch: Tensor?, _ frame: LayerFrame, on backend: any Backend
    ) -> Tensor {
        guard let branch, mask.isActive(frame) else { return dy }
        mask.apply(dy, into: branch, frame, on: backend)
        return branch
    }

    func add(_ partial: Norm, to gradients: Norm, on backend: any Backend) {
        if gradients.weight.count > 0 { backend.add(gradients.weight, partial.weight, into: gradients.weight) }
        if let bias = gradients.bias, bias.count > 0, let part = partial.bias { backend.add(bias, part, into: bias) }
    }
}
