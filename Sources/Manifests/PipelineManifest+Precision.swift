import Notation

extension PipelineManifest.Precision {
    private static let words = ["f32", "bf16", "f16"]

    /// `f32` unless written.
    static func decode(_ field: Field?) throws(ManifestError) -> Self {
        guard let field else { return .f32 }
        if case .mapping = field.node.content {
            let f16 = try Fields(field, keys: Schema.precision, required: ["f16"]).required("f16")
            return .f16(try PipelineManifest.LossScale.decode(f16))
        }
        let expected = "f32, bf16, f16 or {f16: {…}}"
        switch try field.text(expected) {
        case "f32": return .f32
        case "bf16": return .bf16
        case "f16": return .f16(PipelineManifest.LossScale())
        case let text:
            throw field.error(expected: expected, suggestion: Suggestion.nearest(to: text, in: words))
        }
    }

    var yaml: String {
        switch self {
        case .f32, .bf16: name
        case .f16(let scale):
            "{f16: {loss_scale: \(YAML.number(scale.fixed))\(scale.fixed == 0 ? scale.dynamicYAML : "")}}"
        }
    }
}

extension PipelineManifest.LossScale {
    /// A fixed scale leaves the dynamic rule's keys without effect.
    static func decode(_ field: Field) throws(ManifestError) -> Self {
        let fields = try Fields(field, keys: Schema.lossScale)
        var scale = Self()
        scale.fixed =
            try fields["loss_scale"]?.number("0 (dynamic) or more, at most 2^126") {
                $0 >= 0 && $0 <= 0x1p126
            } ?? 0
        if scale.fixed > 0 {
            try fields.refuseInert(butFor: ["loss_scale"], because: "with a fixed loss_scale")
            return scale
        }
        scale.initialScalePower = try fields["initial_scale_power"]?.int(0...126) ?? scale.initialScalePower
        scale.window = try fields["loss_scale_window"]?.int(1...Limit.count) ?? scale.window
        scale.hysteresis = try fields["hysteresis"]?.int(1...Limit.count) ?? scale.hysteresis
        scale.minimum =
            try fields["min_loss_scale"]?.number("above 0, at most 2^126") {
                $0 > 0 && $0 <= 0x1p126
            } ?? scale.minimum
        return scale
    }

    fileprivate var dynamicYAML: String {
        ", initial_scale_power: \(initialScalePower), loss_scale_window: \(window), hysteresis: \(hysteresis), "
            + "min_loss_scale: \(YAML.number(minimum))"
    }
}
