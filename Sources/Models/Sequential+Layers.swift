package import Layers

extension Sequential {
    /// Every layer with the path that its node will have, `3` or, inside a residual list, `3.0`.
    package var placedLayers: [(path: String, layer: any Layer)] {
        layers.enumerated().flatMap { $1.placed("\($0)") }
    }
}

extension LayerDeclaration {
    fileprivate func placed(_ path: String) -> [(path: String, layer: any Layer)] {
        switch content {
        case .layer(let layer): [(path, layer)]
        case .wiring(let wiring):
            ((wiring as? Residual)?.layers ?? []).enumerated().flatMap { $1.placed("\(path).\($0)") }
        }
    }
}
