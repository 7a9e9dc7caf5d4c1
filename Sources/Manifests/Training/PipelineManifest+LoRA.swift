package import Families
package import Notation

extension PipelineManifest {
    /// Low-rank adapters beside the model's matrices (Hu et al., arXiv 2106.09685): y = W·x + (alpha / rank) · B·A·x, where
    /// A and B are trained and all else is frozen.
    ///
    ///     lora: {rank: 8, alpha: 16, targets: q_proj|v_proj}
    ///     lora: {from: runs/adapter}                            # goes on from an adapter of PEFT's
    public struct LoRA: Hashable, Sendable {
        /// Channels between A and B.
        public var rank: Int
        /// What B·A·x is multiplied by, over the rank.
        public var alpha: Double
        /// The share of x's elements that A does not see while training.
        public var dropout: Double
        /// Whether alpha is divided by the rank's root instead of the rank.
        public var isRankStabilised: Bool
        /// A regular expression that is found in the names of the matrices with adapters; nil: all but the head's.
        public var targets: String?
        /// A folder with adapter_config.json and adapter_model.safetensors to start from.
        public var from: String?

        /// New adapters beside all matrices but the head's; alpha is twice the rank unless given.
        public init(
            rank: Int = 8, alpha: Double? = nil, dropout: Double = 0, isRankStabilised: Bool = false,
            targets: String? = nil, from: String? = nil
        ) {
            self.rank = rank
            self.alpha = alpha ?? 2 * Double(rank)
            self.dropout = dropout
            self.isRankStabilised = isRankStabilised
            self.targets = targets
            self.from = from
        }

        var settings: AdapterSettings {
            AdapterSettings(
                rank: rank, alpha: alpha, dropout: dropout, isRankStabilised: isRankStabilised, targets: targets)
        }
    }
}

extension PipelineManifest.LoRA {
    /// What is not written is as in the adapter of `from`, if there is one.
    static func decode(_ field: Field) throws(ManifestError) -> Self {
        let fields = try Fields(field, keys: Schema.lora)
        let from = try fields["from"].unlessNull?.filePath("a folder with adapter_config.json")
        var lora = Self(from: from)
        // A resolved manifest has them all: it is read where the folder may be gone.
        let isComplete = Schema.lora.allSatisfy { fields[$0] != nil }
        if let from, !isComplete {
            let settings = try AdapterFolder(from).settings()
            lora = Self(
                rank: settings.rank, alpha: settings.alpha, dropout: settings.dropout,
                isRankStabilised: settings.isRankStabilised, targets: settings.targets, from: from)
        }
        if let rank = try fields["rank"]?.int(1...Limit.extent) {
            lora.rank = rank
            if from == nil { lora.alpha = 2 * Double(rank) }
        }
        if let alpha = try fields["alpha"]?.number("above 0", { $0 > 0 }) { lora.alpha = alpha }
        if let dropout = try fields["dropout"]?.number("from 0 to below 1", { $0 >= 0 && Float($0) < 1 }) {
            lora.dropout = dropout
        }
        if let isStabilised = try fields["rslora"]?.bool() { lora.isRankStabilised = isStabilised }
        if let targets = fields["targets"] {
            lora.targets = targets.node.isNull ? nil : try targets.text("a regular expression, or null")
        }
        return lora
    }

    var yaml: String {
        "{rank: \(rank), alpha: \(YAML.number(alpha)), dropout: \(YAML.number(dropout)), rslora: \(isRankStabilised), "
            + "targets: \(targets.map(YAML.quoted) ?? "null"), from: \(from.map(YAML.path) ?? "null")}"
    }
}

extension PipelineManifest {
    /// `train: REGEX`, not beside adapters.
    static func train(_ field: Field?, _ lora: LoRA?) throws(ManifestError) -> String? {
        guard let field else { return nil }
        guard lora == nil else {
            throw field.error("train beside lora, which trains its adapters alone", expected: "one of the two")
        }
        return try field.text("a regular expression")
    }

    /// The family of a pretrained model, where names are written that are the family's.
    package func familyOfNames() throws(ManifestError) -> FamilyModel? {
        guard let pretrained, lora != nil || train != nil || !groups.isEmpty else { return nil }
        return try FamilyModel(path: pretrained.path)
    }

    /// What is trained, where not everything is.
    /// - Parameter family: nil for a model of this program's own layers.
    package func adapted(_ family: FamilyModel?) throws(ManifestError) -> AdaptedModel? {
        if let lora {
            return try AdaptedModel(model, family?.exported, lora.settings, at: mark(of: "lora.targets"))
        }
        return try train.map { pattern throws(ManifestError) in
            try AdaptedModel(model, family?.exported, training: pattern, at: mark(of: "train"))
        }
    }

    /// What of the manifest says what is trained.
    package var trainingYAML: [String] {
        train == nil && lora == nil ? [] : ["train: \(train ?? "")", "lora: \(lora?.yaml ?? "")"]
    }
}
