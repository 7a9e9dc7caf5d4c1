extension Transformer {
    /// The attention's branch and the MLP's.
    public var parts: [LayerPart] {
        branch == nil ? Branch.allCases.map { LayerPart(name: $0.rawValue, layer: part($0)) } : []
    }

    /// With that branch's adapters, which draw what they draw in the whole.
    private func part(_ branch: Branch) -> Transformer {
        var part = self
        part.branch = branch
        let own = part.products.map(\.name)
        part.adapters = adapters.enumerated().compactMap { index, adapter in
            guard let product = own.firstIndex(of: products[adapter.product].name) else { return nil }
            var adapter = adapter
            (adapter.product, adapter.stream) = (product, adapter.stream ?? index)
            return adapter
        }
        return part
    }
}
