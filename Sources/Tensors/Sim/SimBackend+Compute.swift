/// What a simulated device does not compute.
extension SimBackend {
    public func zero(_ x: Tensor) {}
    public func insertColumns(_ x: Tensor, into y: Tensor, at start: Int) {}
    public func extractColumns(_ x: Tensor, from start: Int, into y: Tensor) {}
    public func gatherRows(_ x: Tensor, _ rows: Tensor, into y: Tensor) {}
    public func scatterRows(_ x: Tensor, _ rows: Tensor, into y: Tensor) {}
    public func add(_ a: Tensor, _ b: Tensor, into y: Tensor) {}
    public func addScaled(_ x: Tensor, by factor: Float, to a: Tensor, into y: Tensor) {}
    public func scale(_ x: Tensor, by factor: Float, into y: Tensor) {}
    public func cast(_ x: Tensor, into y: Tensor) {}
    public func fill(_ x: Tensor, _ distribution: Distribution, key: RandomKey) {}

    public func matmul(_ a: Tensor, _ b: Tensor, into c: Tensor, _ shape: MatMul, epilogue: Epilogue) {}
    public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {}

    public func activation(_ kind: Activation, _ x: Tensor, into y: Tensor) {}
    public func activationBackward(_ kind: Activation, x: Tensor, dy: Tensor, into dx: Tensor) {}
    public func gate(_ kind: Activation, _ gate: Tensor, _ up: Tensor, into y: Tensor) {}
    public func gateBackward(
        _ kind: Activation, gate: Tensor, up: Tensor, dy: Tensor, dgate: Tensor, dup: Tensor
    ) {}
    public func softcap(_ x: Tensor, cap: Float, into y: Tensor) {}
    public func softcapBackward(_ dy: Tensor, x: Tensor, cap: Float, into dx: Tensor) {}
    public func dropout(_ x: Tensor, into y: Tensor, probability: Float, key: RandomKey, rowsPerSample: Int) {}

    public func layerNorm(
        _ x: Tensor, weight: Tensor, bias: Tensor?, epsilon: Float, into y: Tensor, statistics: Tensor
    ) {}
    public func layerNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {}
    public func layerNormBackwardWeight(
        _ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor, dbias: Tensor?
    ) {}
    public func rmsNorm(
        _ x: Tensor, weight: Tensor, unitOffset: Bool, epsilon: Float, into y: Tensor, statistics: Tensor
    ) {}
    public func rmsNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, unitOffset: Bool, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {}
    public func rmsNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor) {}

    public func headNorm(
        _ qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, offset: Float, epsilon: Float, into y: Tensor,
        statistics: Tensor, _ shape: AttentionShape
    ) {}
    public func headNormBackward(
        _ dy: Tensor, qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, offset: Float, statistics: Tensor,
        dqueryWeight: Tensor, dkeyWeight: Tensor, _ shape: AttentionShape
    ) {}
    public func rotate(
        _ qkv: Tensor, _ rotation: Rotation, positions: Tensor?, start: Int, backward: Bool, _ shape: AttentionShape
    ) {}
    public func attention(
        _ qkv: Tensor, prefix: Tensor?, into out: Tensor, logSumExp: Tensor, _ shape: AttentionShape, scratch: Tensor
    ) {}
    public func attentionBackward(
        _ dout: Tensor, qkv: Tensor, prefix: Tensor?, out: Tensor, logSumExp: Tensor, into dqkv: Tensor,
        _ shape: AttentionShape, scratch: Tensor
    ) {}
    public func cachedAttention(
        _ qkv: Tensor, cache: Tensor, start: Int, prefix: Tensor?, into out: Tensor, logSumExp: Tensor,
        _ shape: AttentionShape, scratch: Tensor
    ) {}
    public func prefixPositions(_ ids: Tensor, _ rule: PrefixRule, start: Int, cache: Tensor?, into positions: Tensor) {
    }

    public func embedding(_ ids: Tensor, token: Tensor, position: Tensor?, scale: Float, into y: Tensor) {}
    public func embeddingBackward(_ ids: Tensor, dy: Tensor, dtoken: Tensor, dposition: Tensor?, scale: Float) {}

    public func crossEntropy(
        _ logits: Tensor, targets: Tensor, ignoreIndex: Int, normaliser: Tensor, rowLosses: Tensor,
        gradientScale: Float
    ) {}
    public func meanSquaredError(
        _ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float
    ) {}

    public func adamW(_ p: Tensor, gradient: Tensor, m: Tensor, v: Tensor, working: Tensor?, _ step: AdamStep) {}
    public func sgd(_ p: Tensor, gradient: Tensor, momentum: Tensor?, working: Tensor?, _ step: SGDStep) {}

    public func embedding(
        _ ids: Tensor, token: Tensor, first: Int, position: Tensor?, scale: Float, into y: Tensor
    ) {}
    public func embeddingBackward(
        _ ids: Tensor, dy: Tensor, dtoken: Tensor, first: Int, dposition: Tensor?, scale: Float
    ) {}
    public func crossEntropyPart(_ logits: Tensor, targets: Tensor, first: Int, into parts: Tensor) {}
    public func crossEntropy(
        _ logits: Tensor, targets: Tensor, first: Int, parts: Tensor, ignoreIndex: Int, normaliser: Tensor,
        rowLosses: Tensor, gradientScale: Float
    ) {}
    public func dropout(
        _ x: Tensor, into y: Tensor, probability: Float, key: RandomKey, rowsPerSample: Int, columns: Range<Int>,
        of width: Int
    ) {}
}
