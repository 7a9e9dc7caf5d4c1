extension Attention {
    public var products: [Product] {
        [
            Product("qkv", inputs: width, outputs: qkvWidth, parts: .qkv(queries: queryWidth, all: qkvWidth)),
            Product("out", inputs: queryWidth, outputs: width),
        ]
    }

    public func writtenGradients(_ trained: [Bool]) -> [Bool] { trained }

    public func adapting(_ adapters: [Adapter]) -> Attention {
        var layer = self
        layer.adapters = adapters
        return layer
    }
}

extension [Product.Part] {
    /// q, and half of the rest each for k and v.
    static func qkv(queries: Int, all: Int) -> Self {
        let keys = Swift.max(all - queries, 0) / 2
        return [
            Product.Part("q", rows: 0..<queries), Product.Part("k", rows: queries..<queries + keys),
            Product.Part("v", rows: queries + keys..<queries + 2 * keys),
        ]
    }
}
