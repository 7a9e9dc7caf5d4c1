extension Transformer {
    public var products: [Product] {
        (has(.attention) ? attentionProducts : []) + (has(.mlp) ? mlpProducts : [])
    }

    private var attentionProducts: [Product] {
        [
            Product(
                "attention.qkv", inputs: width, outputs: scaled(queryWidth, by: 3),
                parts: [Product.Part].qkv(queries: queryWidth, all: scaled(queryWidth, by: 3)).map {
                    Product.Part("attention." + $0.name, rows: $0.rows)
                }),
            Product("attention.out", inputs: queryWidth, outputs: width),
        ]
    }

    private var mlpProducts: [Product] {
        [Product("mlp.up", inputs: width, outputs: hidden), Product("mlp.down", inputs: hidden, outputs: width)]
    }

    // The products' places among them.
    var qkvProduct: Int { 0 }
    var outProduct: Int { 1 }
    var upProduct: Int { has(.attention) ? 2 : 0 }
    var downProduct: Int { upProduct + 1 }

    public func writtenGradients(_ trained: [Bool]) -> [Bool] { trained }

    public func adapting(_ adapters: [Adapter]) -> Transformer {
        var layer = self
        layer.adapters = adapters
        return layer
    }
}
