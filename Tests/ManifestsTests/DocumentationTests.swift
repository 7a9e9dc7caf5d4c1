import Foundation
import Models
import Notation
import Optimizers
import Testing

/// docs/manifests.md says of each kind what the kind says of itself.
@Suite struct DocumentationTests {
    private static let tables: [(heading: String, kinds: [KindDescription])] = [
        ("### Layers", LayerKinds.descriptions), ("### Losses", LossKinds.descriptions),
        ("### Optimizers", OptimizerKinds.descriptions), ("### Precision", [LossScaler.Settings.syntax.description]),
        ("### Learning rate", [LearningRate.syntax.description] + DecayKinds.descriptions),
    ]

    /// The rows of the first table below a heading, without its head.
    private func rows(below heading: String) throws -> [String] {
        let text = try String(contentsOfFile: "\(Shipped.root)/docs/manifests.md", encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let start = try #require(lines.firstIndex(of: heading), "docs/manifests.md lacks \(heading)")
        let table = lines[(start + 1)...].drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
        return Array(table.dropFirst(2))
    }

    @Test(arguments: tables.map(\.heading)) func `names each kind, setting, default and limit`(_ heading: String) throws
    {
        let kinds = try #require(Self.tables.first { $0.heading == heading }).kinds
        let written = try rows(below: heading)
        for kind in kinds { #expect(written.contains(kind.row), "docs/manifests.md should have the row\n\(kind.row)") }
        for row in written { #expect(kinds.contains { $0.row == row }, "no kind describes itself so:\n\(row)") }
    }

    @Test func `what a row says is what a manifest may hold`() {
        let linear = Setting<Pair>.required("in", \.first, .extent, "a")
        let kind = KindSyntax(
            "pair", "Two.", Pair(),
            [linear, .defaulted("e", \.second, .positive, "b"), .optional("o", \.third, .flag, "c")])
        #expect(
            kind.description.row
                == "| `pair` | `in`: 1…16777216; a<br>`e` (1e-5): number above 0; b<br>`o` (none): `true`, `false`; c | Two. |"
        )
        #expect(kind.description.example == "pair: {in: 3}")
    }

    private struct Pair: Hashable, Sendable {
        var first = 3
        var second = 1e-5
        var third: Bool?
    }
}
