import Tensors

/// A low-rank addition to outputs of one of a layer's products: LoRA (Hu et al., arXiv 2106.09685).
///
///     y[rows] += scale · B · (A · dropout(x))
///
/// `NAME.lora_A.weight`: [rank, inputs], first uniform in ±1/√inputs as PEFT's kaiming_uniform(a = √5) is;
/// `NAME.lora_B.weight`: [rows, rank], first 0, so that nothing changes at first.
public struct Adapter: Hashable, Sendable {
    /// What the names of its two parameters begin with: that of a part of the product or of the product itself.
    public var name: String
    /// Its place among `Layer.products`.
    public var product: Int
    /// Which of the product's outputs it adds to.
    public var rows: Range<Int>
    /// Channels between A and B.
    public var rank: Int
    /// What its output is multiplied by: alpha / rank.
    public var scale: Double
    /// The share of x's elements that become zero while training: from 0 to below 1.
    public var dropout: Double
    /// Of a split product: which of A's inputs or B's outputs a shard has.
    var part: ProductPart?
    /// In a part of a layer: its place among the whole layer's adapters. nil: that among the layer's own.
    var stream: Int?

    /// An adapter without dropout unless given.
    public init(
        _ name: String, product: Int, rows: Range<Int>, rank: Int, scale: Double, dropout: Double = 0
    ) {
        self.name = name
        self.product = product
        self.rows = rows
        self.rank = rank
        self.scale = scale
        self.dropout = dropout
    }

    /// A, then B.
    func parameters(_ product: Product) -> [ParameterSpec] {
        let prefix = name.isEmpty ? "" : name + "."
        let inputs = part?.side == .inputs ? part?.whole ?? product.inputs : product.inputs
        let bound = Float(1 / Double(max(inputs, 1)).squareRoot())
        let a = ParameterSpec(
            prefix + "lora_A.weight", unchecked: [rank, product.inputs], .uniform(-bound, bound), isMatrix: true)
        let b = ParameterSpec(
            prefix + "lora_B.weight", unchecked: [rows.count, rank], .constant(0), isMatrix: true)
        guard let part else { return [a, b] }
        return part.side == .inputs ? [part.weight(a), b] : [a, part.weight(b)]
    }
}

extension [Adapter] {
    /// Of all of them, in order.
    func parameters(of products: [Product]) -> [ParameterSpec] {
        flatMap { $0.parameters(products[$0.product]) }
    }
}

extension LayerPlan {
    /// Adds what adapters keep and compute. To be called last: their tensors stand behind the layer's own.
    /// - Parameter x: any of the products' inputs: of these rows and this type.
    mutating func add(_ adapters: [Adapter], to products: [Product], _ x: TensorSpec) throws(LayerError) {
        var scratch = 0
        for adapter in adapters {
            let product = products[adapter.product]
            let leading = Array(x.shape.extents.dropLast())
            let inner = try TensorSpec.checked(leading + [adapter.rank], x.dtype)
            let part = try TensorSpec.checked(leading + [adapter.rows.count], x.dtype)
            saved.append(inner)
            deferred.append(inner)
            pieces.append(part)
            var own = adapter.rows.count == product.outputs ? 0 : Scratch.byteCount([part])
            if adapter.dropout > 0 {
                let input = try TensorSpec.checked(leading + [product.inputs], x.dtype)
                own += Scratch.byteCount([input, input])
            }
            scratch = max(scratch, own)
            let added =
                LayerCost.linear(rows: x.shape.rows, inputs: product.inputs, outputs: adapter.rank)
                + .linear(rows: x.shape.rows, inputs: adapter.rank, outputs: adapter.rows.count)
            adapterCost = adapterCost + added
        }
        cost = cost + adapterCost
        scratchBytes += scratch
    }
}
