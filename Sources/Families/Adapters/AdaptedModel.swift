package import Checkpoints
internal import Layers
package import Models
package import Notation

/// A model of which not everything is trained: adapters beside its products, or some of its parameters.
package struct AdaptedModel: Sendable {
    package let adaptation: Adaptation
    /// Where the adapters' parameters lie in a PEFT adapter's file; nil for a model of no family, and without adapters.
    package let tensors: TensorMap?
    /// The modules with adapters, as the family calls them, in order.
    package let modules: [String]
    /// Whether the modules' weights are stored [inputs, outputs]: what PEFT calls fan_in_fan_out.
    package let isTransposed: Bool
    package let settings: AdapterSettings?
    /// By the name of a weight: what its adapters add.
    let additions: [String: [Addition]]

    /// Adapters beside every product that `settings` names; everything else is frozen.
    /// - Parameters:
    ///   - family: where the model's own parameters lie in its family's files.
    ///   - mark: where the targets are written.
    /// - Throws: a pattern that is none, or that no module's name has.
    package init(
        _ model: Sequential, _ family: TensorMap?, _ settings: AdapterSettings, at mark: Mark
    ) throws(ManifestError) {
        let all = AdapterTarget.all(of: model, family)
        let targets: [AdapterTarget]
        if let pattern = settings.targets {
            let names = NamePattern(pattern, at: mark)
            var found: [AdapterTarget] = []
            for target in all where try names.isFound(in: target.module) { found.append(target) }
            guard !found.isEmpty else { throw names.noMatch("lora.targets", "modules", all.map(\.module)) }
            targets = found
        } else {
            let head = model.placedLayers.last { !$0.layer.products.isEmpty }
            targets = all.filter { $0.path != head?.path || !(head?.layer is Linear) || $0.path.contains(".") }
            guard !targets.isEmpty else {
                throw ManifestError(
                    at: mark, found: "lora for a model without matrix products before its head",
                    expected: "linear, attention, gated-mlp or transformer layers, or targets that name the head")
            }
        }
        let byModule = Dictionary(grouping: targets, by: \.module)
        let ties = byModule.values.filter { $0.count > 1 }.map { $0.map { $0.parameter("lora_A.weight") } }
        adaptation = Adaptation(
            adapters: Dictionary(grouping: targets, by: \.path).mapValues { $0.map { $0.adapter(settings) } },
            trained: [], ties: ties.sorted { $0[0] < $1[0] })
        var seen: Set<String> = []
        modules = targets.map(\.module).filter { seen.insert($0).inserted }
        isTransposed = targets.contains { $0.parts.contains(where: \.isTransposed) }
        self.settings = settings
        additions = Self.additions(targets, settings, model)
        let products = Dictionary(model.placedLayers.map { ($0.path, $0.layer.products) }) { first, _ in first }
        tensors =
            family == nil || targets.contains { $0.parts.isEmpty }
            ? nil
            : TensorMap(
                targets.flatMap { target in
                    Self.stored(target, settings, inputs: products[target.path]?[target.product].inputs ?? 0)
                })
    }

    /// Some of the model's own parameters.
    /// - Parameter pattern: found in the names of those that are trained.
    package init(
        _ model: Sequential, _ family: TensorMap?, training pattern: String, at mark: Mark
    ) throws(ManifestError) {
        let names = ParameterNames(family)
        let all = model.placedLayers.flatMap { path, layer in layer.parameters.map { "\(path).\($0.name)" } }
        let pattern = NamePattern(pattern, at: mark)
        var trained: Set<String> = []
        for name in all where try names.isFound(pattern, in: name, "train") { trained.insert(name) }
        guard !trained.isEmpty else {
            throw pattern.noMatch("train", "parameters", all.flatMap { names.all(of: $0) })
        }
        // A tensor is trained or not, whatever it is called.
        for tie in model.ties where !trained.isDisjoint(with: tie) { trained.formUnion(tie) }
        adaptation = Adaptation(trained: trained)
        (tensors, modules, isTransposed, settings, additions) = (nil, [], false, nil, [:])
    }

    /// What PEFT puts before the names of a model's modules.
    private static let prefix = "base_model.model."

    private static func stored(
        _ target: AdapterTarget, _ settings: AdapterSettings, inputs: Int
    ) -> [StoredParameter] {
        let (a, b) = ("lora_A.weight", "lora_B.weight")
        let rows = target.parts.map { part in
            StoredParameter.Part("\(prefix)\(target.module).\(b)", rows: part.rows, stride: part.stride)
        }
        return [
            StoredParameter(
                target.parameter(a), [settings.rank, inputs], tensor: "\(prefix)\(target.module).\(a)"),
            StoredParameter(target.parameter(b), [target.rows.count, settings.rank], parts: rows),
        ]
    }
}
