import Notation

extension PipelineManifest.Optimizer {
    /// The learning rate that schedules start from.
    public var learningRate: Double {
        switch self {
        case .adamW(let adam), .adam(let adam): adam.learningRate
        case .sgd(let sgd): sgd.learningRate
        }
    }

    /// `adamw`, or `{adamw: {lr: 1e-3}}`
    static func decode(_ field: Field?) throws(ManifestError) -> Self {
        guard let field else { return try make("adamw", nil) }
        guard case .mapping(let entries) = field.node.content else {
            return try make(field.choice(Schema.optimizer), nil)
        }
        let fields = try Fields(field, keys: Schema.optimizer)
        guard let entry = entries.first, entries.count == 1 else {
            throw field.error(expected: "one of \(Schema.optimizer.listed)")
        }
        return try make(entry.key, fields[entry.key].unlessNull)
    }

    private static func make(_ name: String, _ field: Field?) throws(ManifestError) -> Self {
        switch name {
        case "adamw": .adamW(try .decode(field, weightDecay: 0.01))
        case "adam": .adam(try .decode(field, weightDecay: 0))
        default: .sgd(try .decode(field))
        }
    }
}

extension PipelineManifest.Adam {
    fileprivate static func decode(_ field: Field?, weightDecay: Double) throws(ManifestError) -> Self {
        var adam = Self(learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: weightDecay)
        guard let field else { return adam }
        let fields = try Fields(field, keys: Schema.adam)
        adam.learningRate = try fields["lr"].rate() ?? adam.learningRate
        if let field = fields["betas"] {
            let betas = try field.list(of: "two numbers")
            guard betas.count == 2 else { throw field.error("\(betas.count) betas", expected: "two, as [0.9, 0.999]") }
            adam.beta1 = try betas[0].number("from 0 to below 1") { $0 >= 0 && $0 < 1 }
            adam.beta2 = try betas[1].number("from 0 to below 1") { $0 >= 0 && $0 < 1 }
        }
        adam.epsilon = try fields["eps"].atLeastZero() ?? adam.epsilon
        adam.weightDecay = try fields["weight_decay"].atLeastZero() ?? adam.weightDecay
        return adam
    }
}

extension PipelineManifest.SGD {
    fileprivate static func decode(_ field: Field?) throws(ManifestError) -> Self {
        var sgd = Self(learningRate: 1e-3, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0)
        guard let field else { return sgd }
        let fields = try Fields(field, keys: Schema.sgd)
        sgd.learningRate = try fields["lr"].rate() ?? sgd.learningRate
        sgd.momentum = try fields["momentum"].atLeastZero() ?? 0
        sgd.dampening = try fields["dampening"].atLeastZero() ?? 0
        sgd.nesterov = try fields["nesterov"]?.bool() ?? false
        sgd.weightDecay = try fields["weight_decay"].atLeastZero() ?? 0
        if sgd.nesterov, sgd.momentum == 0 || sgd.dampening != 0 {
            throw try fields.required("nesterov").error(
                "nesterov with momentum \(sgd.momentum) and dampening \(sgd.dampening)",
                expected: "momentum above 0 and dampening 0")
        }
        if sgd.momentum == 0 {
            try fields.refuseInert(
                butFor: ["lr", "momentum", "weight_decay"], because: "without momentum",
                cause: fields["momentum"]?.node.mark)
            sgd.dampening = 0
        }
        return sgd
    }
}

extension Field? {
    fileprivate func rate() throws(ManifestError) -> Double? { try self?.number("above 0") { $0 > 0 } }

    fileprivate func atLeastZero() throws(ManifestError) -> Double? { try self?.number("of at least 0") { $0 >= 0 } }
}

extension PipelineManifest.LearningRate {
    /// `{warmup: 20, decay: cosine, minimum: 1e-5}`; `peak` is the optimizer's rate.
    static func decode(_ field: Field?, peak: Double) throws(ManifestError) -> Self {
        guard let field else { return Self() }
        let fields = try Fields(field, keys: Schema.learningRate)
        var rate = Self()
        rate.warmup = try fields["warmup"]?.int(0...Limit.count) ?? 0
        rate.decay = try fields["decay"].choice(or: .constant)
        let minimum = try fields["minimum"]?.number("from 0 to the optimizer's lr, \(peak)") { $0 >= 0 && $0 <= peak }
        if rate.decay == .constant {
            try fields.refuseInert(
                butFor: ["warmup", "decay"], because: "while decay is constant", cause: fields["decay"]?.node.mark)
        } else {
            rate.minimum = minimum ?? 0
        }
        return rate
    }
}
