public import Layers
package import Notation

/// Writes a model's list of layers in Swift. Each entry remembers its place for errors.
///
///     Sequential {
///         Embedding(vocab: 256, width: 64, positions: 64)
///         for _ in 0..<8 { Transformer(width: 64, heads: 4) }
///         LayerNorm(width: 64)
///         Linear(inputs: 64, outputs: 256, bias: false)
///     }
@resultBuilder
public enum LayerBuilder {
    /// A layer.
    public static func buildExpression(
        _ layer: some Layer, file: String = #fileID, line: Int = #line, column: Int = #column
    ) -> [LayerDeclaration] {
        [LayerDeclaration(layer, at: Mark(file: file, line: line, column: column))]
    }

    /// What only says which value goes where: `.stash("skip")`, `.residual { … }`.
    public static func buildExpression(
        _ entry: LayerDeclaration.Wire, file: String = #fileID, line: Int = #line, column: Int = #column
    ) -> [LayerDeclaration] {
        [LayerDeclaration(.wiring(entry.wiring), at: Mark(file: file, line: line, column: column))]
    }

    /// Entries that were made elsewhere.
    public static func buildExpression(_ entries: [LayerDeclaration]) -> [LayerDeclaration] { entries }

    public static func buildBlock(_ parts: [LayerDeclaration]...) -> [LayerDeclaration] { parts.flatMap { $0 } }
    public static func buildArray(_ parts: [[LayerDeclaration]]) -> [LayerDeclaration] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [LayerDeclaration]?) -> [LayerDeclaration] { part ?? [] }
    public static func buildEither(first part: [LayerDeclaration]) -> [LayerDeclaration] { part }
    public static func buildEither(second part: [LayerDeclaration]) -> [LayerDeclaration] { part }
}

extension LayerDeclaration {
    /// An entry that computes nothing of its own, as Swift writes it.
    public struct Wire: Sendable {
        let wiring: any Wiring

        /// Passes its input on, and keeps it for the `pop` of the same name, in any stage.
        public static func stash(_ name: String) -> Wire { Wire(wiring: Stash(name: name)) }
        /// Appends what a `stash` kept to its input, as a tuple.
        public static func pop(_ name: String) -> Wire { Wire(wiring: Pop(name: name)) }
        /// One tensor of a tuple, counted from 0.
        public static func select(_ index: Int) -> Wire { Wire(wiring: Select(index: index)) }
        /// What the layers make of their input, plus the input.
        public static func residual(@LayerBuilder _ layers: () -> [LayerDeclaration]) -> Wire {
            Wire(wiring: Residual(layers()))
        }
    }
}

extension Sequential {
    /// A model that Swift describes.
    public init(
        loss: any Loss = CrossEntropy(), file: String = #fileID, line: Int = #line, column: Int = #column,
        @LayerBuilder layers: () -> [LayerDeclaration]
    ) {
        self.init(layers: layers(), loss: loss, at: Mark(file: file, line: line, column: column))
    }

    /// Whether a manifest could say the same.
    /// - Throws: the first layer whose kind is not registered or whose settings are out of their limits, at its place.
    package func check() throws(ManifestError) {
        for declaration in layers { try declaration.check() }
    }
}

extension LayerDeclaration {
    fileprivate func check() throws(ManifestError) {
        switch content {
        case .wiring(let wiring):
            for nested in (wiring as? Residual)?.layers ?? [] { try nested.check() }
        case .layer(let layer): try check(layer)
        }
    }

    private func check(_ layer: any Layer) throws(ManifestError) {
        if let complaint = layer.complaint {
            throw ManifestError(
                at: mark, found: "\(layer.kind): \(complaint.setting) is \(complaint.value)\(complaint.detail)",
                expected: complaint.expected, suggestion: complaint.suggestion)
        }
        guard !LayerKinds.isRegistered(type(of: layer)) else { return }
        throw ManifestError(
            at: mark, found: "a layer of the kind \(layer.kind), which this program has not registered",
            expected: "`WorkerProcess.enter(layers: [\(type(of: layer)).self])` first in main")
    }
}
