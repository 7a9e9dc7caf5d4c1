package import Families
package import Models
package import Notation
package import Optimizers

extension PipelineManifest {
    /// Parameters that move by another learning rate or weight decay than the optimizer's.
    ///
    ///     groups: [{match: norm|bias, weight_decay: 0}, {match: embed, lr_factor: 0.1}]
    public struct Group: Hashable, Sendable {
        /// A regular expression that is found in the names of the group's parameters.
        public var match: String
        /// What the learning rate of each step is multiplied by.
        public var rateFactor: Double
        /// nil: the optimizer's.
        public var weightDecay: Double?

        /// - Parameters:
        ///   - match: as the model's family calls its parameters; the model's own names where it has no family.
        ///   - rateFactor: above 0.
        ///   - weightDecay: of an optimizer that has one.
        public init(match: String, rateFactor: Double = 1, weightDecay: Double? = nil) {
            self.match = match
            self.rateFactor = rateFactor
            self.weightDecay = weightDecay
        }
    }
}

extension PipelineManifest.Group {
    static func list(_ field: Field?, _ optimizer: any Optimizer) throws(ManifestError) -> [Self] {
        guard let field else { return [] }
        var groups: [Self] = []
        for entry in try field.list(of: "groups, such as {match: bias, weight_decay: 0}") {
            groups.append(try decode(entry, optimizer))
        }
        return groups
    }

    private static func decode(_ field: Field, _ optimizer: any Optimizer) throws(ManifestError) -> Self {
        let fields = try Fields(field, keys: Schema.group, required: ["match"])
        var group = Self(match: try fields.required("match").text("a regular expression"))
        if let rate = fields["lr"] {
            guard fields["lr_factor"] == nil else {
                throw rate.error("\(rate.path) beside lr_factor", expected: "one of the two")
            }
            group.rateFactor = try rate.number("above 0", { $0 > 0 }) / optimizer.learningRate
        } else if let factor = fields["lr_factor"] {
            group.rateFactor = try factor.number("above 0", { $0 > 0 })
        }
        if let decay = fields["weight_decay"] {
            group.weightDecay = try decay.number("of at least 0", { $0 >= 0 })
            guard optimizer.decaying(by: 0) != nil else {
                throw decay.error(
                    "\(decay.path), and \(optimizer.kind) has no weight decay", expected: "an optimizer that has one")
            }
        }
        guard fields["lr"] != nil || fields["lr_factor"] != nil || fields["weight_decay"] != nil else {
            throw field.error("a group that changes nothing", expected: "lr, lr_factor or weight_decay")
        }
        guard group.rateFactor.isFinite, group.rateFactor > 0 else {
            throw field.error("a rate that is \(group.rateFactor) times the optimizer's", expected: "a number above 0")
        }
        return group
    }

    var yaml: String {
        let decay = weightDecay.map { ", weight_decay: \(YAML.number($0))" } ?? ""
        return "{match: \(YAML.quoted(match)), lr_factor: \(YAML.number(rateFactor))\(decay)}"
    }
}

extension PipelineManifest {
    /// By the name under which files hold a parameter: how it moves, where a group says so.
    /// - Throws: a pattern that is found in no name that is left for it.
    package func rules(
        _ model: ModelGraph, _ names: ParameterNames
    ) throws(ManifestError) -> [String: ParameterRule] {
        guard !groups.isEmpty else { return [:] }
        var rules: [String: ParameterRule] = [:]
        var left = model.trainedParameters
        let all = left.flatMap { names.all(of: $0) }
        for (index, group) in groups.enumerated() {
            let pattern = NamePattern(group.match, at: mark(of: "groups.\(index).match"))
            let rule = ParameterRule(
                group.weightDecay.flatMap { optimizer.decaying(by: $0) } ?? optimizer, rateFactor: group.rateFactor)
            var rest: [String] = []
            for name in left {
                if try names.isFound(pattern, in: name, "groups.\(index).match") {
                    rules[name] = rule
                } else {
                    rest.append(name)
                }
            }
            guard rest.count < left.count else {
                throw pattern.noMatch("groups.\(index).match", "trained parameters, but for earlier groups'", all)
            }
            left = rest
        }
        return rules
    }
}
