extension Transformer {
    public var products: [Product] {
        [
            Product(
                "attention.qkv", inputs: width, outputs: scaled(queryWidth, by: 3),
                parts: [Product.Part].qkv(queries: queryWidth, all: scaled(queryWidth, by: 3)).map {
                    Product.Part("attention." + $0.name, rows: $0.rows)
                }),
            Product("attention.out", inputs: queryWidth, outputs: width),
            Product("mlp.up", inputs: width, outputs: hidden),
            Product("mlp.down", inputs: hidden, outputs: width),
        ]
    }

    public func writtenGradients(_ trained: [Bool]) -> [Bool] { trained }

    public func adapting(_ adapters: [Adapter]) -> Transformer {
        var layer = self
        layer.adapters = adapters
        return layer
    }
}
