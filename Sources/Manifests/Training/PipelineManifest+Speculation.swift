import Notation

extension PipelineManifest {
    /// `speculate: true`
    static func speculate(
        _ field: Field?, _ devices: [Device], clip: Double?, _ precision: Precision, _ continuity: Continuity,
        tensor: Int, _ zero: Zero
    ) throws(ManifestError) -> Bool {
        guard let field = field.unlessNull, try field.bool() else { return false }
        func refuse(_ found: String, _ expected: String) -> ManifestError {
            field.error("speculate \(found)", expected: "\(expected), or no speculate")
        }
        var isScaled = false
        if case .f16 = precision { isScaled = true }
        guard clip != nil || isScaled else {
            throw refuse("where no update waits for a gradient norm", "clip or precision: f16")
        }
        guard devices.count > 1 else { throw refuse("with one device", "a second device") }
        guard !continuity.mirror else { throw refuse("beside mirror, which all wait for", "no mirror") }
        guard tensor == 1 else { throw refuse("with tensor: \(tensor)", "tensor: 1") }
        guard zero == .none else { throw refuse("with zero: \(zero.rawValue)", "zero: 0") }
        return true
    }
}

extension PipelineManifest {
    var speculationYAML: [String] { speculate ? ["speculate: true"] : [] }
}
