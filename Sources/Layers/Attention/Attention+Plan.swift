public import Tensors

extension Attention {
    public var separatesDocuments: Bool { true }

    /// Keeps x, qkv, the heads' output and their log Σ exp: width + 2 · (heads + keyHeads) · headWidth + heads numbers per
    /// token, and with `headNorm` heads + keyHeads more; from one backward half to the other the gradient of qkv,
    /// (heads + 2 · keyHeads) · headWidth. q and k are normed and turned once more on the way back rather than kept
    /// twice: less than 1 % of the projections' work.
    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
        let x = try sequences(input)
        let shape = AttentionShape(x.shape, of: self, hasPrefix: input.count == 2)
        let qkv = try TensorSpec.checked([shape.batch, shape.sequence, qkvWidth], x.dtype)
        let attended = try TensorSpec.checked([shape.batch, shape.sequence, queryWidth], x.dtype)
        var plan = LayerPlan(outputs: [x], cost: cost(x, shape))
        plan.saved = [qkv, attended, try shape.logSumExp()]
        plan.releasedAfterInput = [0, 2]
        plan.deferred = [qkv]
        var scratch = [attended]
        if headNorm != nil {
            plan.saved.append(try TensorSpec.checked([shape.batch, shape.sequence, heads + keyHeads]))
            plan.releasedAfterInput.insert(3)
            plan.deferred.append(TensorSpec([2, headWidth]))
            scratch.append(qkv)
        }
        plan.keepsInputs = true
        plan.readsInputsForWeightsAlone = true
        plan.keepsOutputGradients = true
        if shape.hasPrefix { plan.withoutGradient = [1] }
        plan.scratchBytes = Scratch.byteCount(scratch)
        plan.attention = shape
        try plan.add(adapters, to: products, x)
        addSums(to: &plan, x)
        return plan
    }

    /// The k and v of every position so far: [batch, capacity, 2 · keyHeads · headWidth].
    public func cache(for input: Signature, capacity: Int) throws(LayerError) -> Signature {
        let x = try sequences(input)
        guard causal else { throw LayerError(expected: "causal: true, to go on from earlier positions", got: "false") }
        guard capacity >= x.shape[1] else {
            throw LayerError(expected: "a cache of at least \(x.shape[1]) positions", got: "\(capacity)")
        }
        return [
            try TensorSpec.checked([x.shape[0], capacity, scaled(keyHeads, by: scaled(headWidth, by: 2))], x.dtype)
        ]
    }

    /// x, alone or before positions that fit it and the settings.
    private func sequences(_ input: Signature) throws(LayerError) -> TensorSpec {
        guard input.count == 2 else {
            let x = try input.sequences(width: width)
            guard rotary?.planes != 2 else {
                throw LayerError(expected: "(x, positions): rotary has planes: 2", got: input.words)
            }
            return x
        }
        let x = try [input[0]].sequences(width: width)
        guard causal, window == nil else {
            throw LayerError(expected: "x alone, where attention is not causal or has a window", got: input.words)
        }
        let positions = TensorSpec([x.shape[0], 1 + 2 * x.shape[1]], .i32)
        guard input[1] == positions else {
            throw LayerError(expected: "(\(x.words), \(positions.words))", got: input.words)
        }
        return x
    }

    private func cost(_ x: TensorSpec, _ shape: AttentionShape) -> LayerCost {
        let turned = x.shape.rows * (shape.width + shape.keyWidth)
        var cost =
            LayerCost.linear(rows: x.shape.rows, inputs: width, outputs: qkvWidth) + .attention(shape)
            + .linear(rows: x.shape.rows, inputs: queryWidth, outputs: width)
        if rotary != nil { cost = cost + .elementwise(turned, forward: 3, backwardInput: 3) }
        guard headNorm != nil else { return cost }
        let norm = LayerCost.normalisation(count: turned)
        let again = norm.forward + (rotary == nil ? 0 : 3 * Double(turned))
        return cost
            + LayerCost(forward: norm.forward, backwardInput: norm.backwardInput + norm.backwardWeight + again)
    }
}
