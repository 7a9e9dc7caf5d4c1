import Tensors

/// y = x · Wᵀ + b over the rows of x. weight: [outputs, inputs]; bias: [outputs].
///
/// The same pair of tensors stands for the parameters or for their gradients.
struct Affine {
    let weight: Tensor
    let bias: Tensor?

    init(weight: Tensor, bias: Tensor?) {
        self.weight = weight
        self.bias = bias
    }

    /// The next weight, and its bias if it has one, of a list in state-dict order.
    init(_ list: inout IndexingIterator<[Tensor]>, bias: Bool) {
        guard let weight = list.next() else { preconditionFailure("a frame with fewer parameters than its layer") }
        self.init(weight: weight, bias: bias ? list.next() : nil)
    }

    /// Inside a composite layer weights start normal(0, 0.02), biases 0.
    /// - Parameter part: which of its channels a shard has.
    static func parameters(
        _ prefix: String, inputs: Int, outputs: Int, bias: Bool, part: ProductPart? = nil
    ) -> [ParameterSpec] {
        let weight = ParameterSpec(
            prefix + "weight", unchecked: [outputs, inputs], .normal(mean: 0, deviation: 0.02), isMatrix: true)
        let all = [weight] + (bias ? [ParameterSpec(prefix + "bias", unchecked: [outputs], .constant(0))] : [])
        guard let part else { return all }
        return zip(all, [part.weight, part.bias]).map { $1($0) }
    }

    /// What a shard adds to the sum of all shards' products: the bias is the first one's.
    func summand(of shard: TensorShard?) -> Affine {
        guard let shard, shard.index > 0 else { return self }
        return Affine(weight: weight, bias: nil)
    }

    private var outputs: Int { weight.shape[0] }
    private var inputs: Int { weight.shape[1] }

    /// y = x · Wᵀ + b
    func forward(_ x: Tensor, into y: Tensor, on backend: any Backend) {
        product(x, into: y, bias.map { .bias($0) } ?? .none, on: backend)
    }

    /// y = x · Wᵀ + b + residual
    func forward(_ x: Tensor, plus residual: Tensor, into y: Tensor, on backend: any Backend) {
        product(x, into: y, .residual(residual, bias: bias), on: backend)
    }

    /// y = x · Wᵀ + b; output = f(y)
    func forward(_ x: Tensor, into y: Tensor, _ f: Activation, output: Tensor, on backend: any Backend) {
        product(x, into: y, .activation(f, bias: bias, output: output), on: backend)
    }

    private func product(_ x: Tensor, into y: Tensor, _ epilogue: Epilogue, on backend: any Backend) {
        let shape = MatMul(m: x.count / inputs, n: outputs, k: inputs, transposeB: true)
        backend.matmul(x, weight, into: y, shape, epilogue: epilogue)
    }

    /// dx (+)= dy · W
    func backwardInput(_ dy: Tensor, into dx: Tensor, accumulate: Bool = false, on backend: any Backend) {
        let shape = MatMul(m: dy.count / outputs, n: inputs, k: outputs, accumulate: accumulate)
        backend.matmul(dy, weight, into: dx, shape, epilogue: .none)
    }

    /// Where these are the gradients: dW += dyᵀ · x, db += Σ rows of dy; nothing for one without elements.
    func backwardWeight(_ dy: Tensor, x: Tensor, on backend: any Backend) {
        if isWeightTrained {
            let shape = MatMul(m: outputs, n: inputs, k: x.count / inputs, transposeA: true, accumulate: true)
            backend.matmul(dy, x, into: weight, shape, epilogue: .none)
        }
        if let bias, bias.count > 0 { backend.sumRows(dy, into: bias, accumulate: true) }
    }

    /// Where these are the gradients: whether the weight's is written.
    var isWeightTrained: Bool { weight.count > 0 }
    /// Where these are the gradients: whether one is written.
    var isTrained: Bool { isWeightTrained || bias.map { $0.count > 0 } ?? false }
}
