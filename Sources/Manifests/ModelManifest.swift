public import Notation

/// `models/*.yaml`: an ordered list of layers and a loss.
public struct ModelManifest: Hashable, Sendable {
    public var layers: [LayerDeclaration]
    public var loss: LossDeclaration
    /// Where `layers` begins.
    public var mark: Mark

    public init(layers: [LayerDeclaration], loss: LossDeclaration, at mark: Mark) {
        self.layers = layers
        self.loss = loss
        self.mark = mark
    }
}

public enum LossDeclaration: Hashable, Sendable, CaseIterable {
    /// `loss: cross-entropy`; targets of −100 count for nothing.
    case crossEntropy
    /// `loss: mean-squared-error`
    case meanSquaredError
}
