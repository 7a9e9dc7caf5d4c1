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

    /// Where a skip connection begins.
    public static func buildExpression(
        _ stash: Stash, file: String = #fileID, line: Int = #line, column: Int = #column
    ) -> [LayerDeclaration] {
        [LayerDeclaration(.wiring(stash), at: Mark(file: file, line: line, column: column))]
    }

    /// Where a skip connection ends.
    public static func buildExpression(
        _ pop: Pop, file: String = #fileID, line: Int = #line, column: Int = #column
    ) -> [LayerDeclaration] {
        [LayerDeclaration(.wiring(pop), at: Mark(file: file, line: line, column: column))]
    }

    /// One tensor of a tuple.
    public static func buildExpression(
        _ select: Select, file: String = #fileID, line: Int = #line, column: Int = #column
    ) -> [LayerDeclaration] {
        [LayerDeclaration(.wiring(select), at: Mark(file: file, line: line, column: column))]
    }

    /// A nested list and its input.
    public static func buildExpression(
        _ residual: Residual, file: String = #fileID, line: Int = #line, column: Int = #column
    ) -> [LayerDeclaration] {
        [LayerDeclaration(.wiring(residual), at: Mark(file: file, line: line, column: column))]
    }

    /// Entries that were made elsewhere.
    public static func buildExpression(_ entries: [LayerDeclaration]) -> [LayerDeclaration] { entries }

    /// The lines of a block, one behind the other.
    public static func buildBlock(_ parts: [LayerDeclaration]...) -> [LayerDeclaration] { parts.flatMap { $0 } }
    /// The rounds of a `for` loop, one behind the other.
    public static func buildArray(_ parts: [[LayerDeclaration]]) -> [LayerDeclaration] { parts.flatMap { $0 } }
    /// An `if` without `else`: nothing where it does not hold.
    public static func buildOptional(_ part: [LayerDeclaration]?) -> [LayerDeclaration] { part ?? [] }
    /// An `if` that holds, or an earlier case of a `switch`.
    public static func buildEither(first part: [LayerDeclaration]) -> [LayerDeclaration] { part }
    /// An `else`, or a later case of a `switch`.
    public static func buildEither(second part: [LayerDeclaration]) -> [LayerDeclaration] { part }
}

extension Sequential {
    /// A model that Swift describes.
    /// - Parameters:
    ///   - loss: what the last layer's output is compared by.
    ///   - ties: names of parameters that are one tensor: `[["0.token.weight", "14.weight"]]`.
    ///   - file: where errors say that the model is written, with `line` and `column`.
    ///   - line: in that file.
    ///   - column: in that line.
    ///   - layers: the layers, in order of execution.
    public init(
        loss: any Loss = CrossEntropy(), ties: [[String]] = [], file: String = #fileID, line: Int = #line,
        column: Int = #column, @LayerBuilder layers: () -> [LayerDeclaration]
    ) {
        self.init(layers: layers(), loss: loss, ties: ties, at: Mark(file: file, line: line, column: column))
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
