package import Checkpoints
package import Notation
internal import Systems

/// What users may call a model's parameters: as its family's files do, or by the model's own names where it has no family.
package struct ParameterNames {
    /// By the model's name: of each part of the parameter, all names that its tensor may have.
    private let family: [String: [[String]]]

    /// - Parameter maps: where parameters lie in files: the family's, and a PEFT adapter's.
    package init(_ maps: TensorMap?...) {
        let parameters = maps.flatMap { $0?.parameters ?? [] }
        family = Dictionary(parameters.map { ($0.name, $0.parts.map(\.names)) }) { first, _ in first }
    }

    /// All names of a parameter.
    package func all(of parameter: String) -> [String] { family[parameter].map { $0.flatMap(\.self) } ?? [parameter] }

    /// - Parameter key: the manifest's, for errors.
    /// - Throws: a pattern that is found in the names of some parts of the parameter alone.
    package func isFound(
        _ pattern: NamePattern, in parameter: String, _ key: String
    ) throws(ManifestError) -> Bool {
        var (found, missed): ([String], [String]) = ([], [])
        for names in family[parameter] ?? [[parameter]] {
            var isFound = false
            for name in names where try pattern.isFound(in: name) { isFound = true }
            if isFound { found.append(names[0]) } else { missed.append(names[0]) }
        }
        guard let one = found.first, let other = missed.first else { return !found.isEmpty }
        throw ManifestError(
            at: pattern.mark,
            found: "\(key): \"\(pattern.text.printable(limit: 60))\" is found in \(one) and not in \(other)",
            expected: "both or none: they are one parameter here")
    }
}
