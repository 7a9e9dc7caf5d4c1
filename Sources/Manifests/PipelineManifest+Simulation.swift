extension PipelineManifest.Simulation {
    /// `{layer_ms: 20}` or `{gflops: 100}`; 10 ms per layer unless written. Only for sim devices.
    static func decode(
        _ field: Field?, devices: [PipelineManifest.Device], at devicesNode: Node
    ) throws(ManifestError) -> Self {
        let standard = Self(pace: .secondsPerLayer(0.010))
        guard let field else { return standard }
        guard devices.contains(where: { $0.kind == .sim }) else {
            if devicesNode.mark.isOverride, !field.node.mark.isOverride { return standard }
            throw field.error("sim has no effect without sim devices", expected: "sim devices, or no sim")
        }
        let fields = try Fields(field, keys: Schema.sim)
        switch (fields["layer_ms"], fields["gflops"]) {
        case (let field?, nil):
            let milliseconds = try field.number("above 0 and at most 3600000") { $0 > 0 && $0 <= 3_600_000 }
            return Self(pace: .secondsPerLayer(milliseconds / 1000))
        case (nil, let field?):
            return Self(pace: .gflops(try field.number("above 0") { $0 >= 1e-9 && $0 <= 1e12 }))
        default:
            throw field.error(expected: "either layer_ms or gflops")
        }
    }
}
