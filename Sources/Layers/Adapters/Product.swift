/// One of a layer's matrix products, y = x · Wᵀ: what an adapter may stand beside.
public struct Product: Hashable, Sendable {
    /// Some outputs that have a name of their own: q, k and v of one fused weight.
    public struct Part: Hashable, Sendable {
        /// `q`
        public var name: String
        /// Which of the product's outputs.
        public var rows: Range<Int>

        /// - Parameters:
        ///   - name: of the part alone.
        ///   - rows: of the product's weight.
        public init(_ name: String, rows: Range<Int>) {
            self.name = name
            self.rows = rows
        }
    }

    /// What the names of its parameters begin with: `qkv` of `qkv.weight`; empty for a layer that is one product.
    public var name: String
    /// Channels of x.
    public var inputs: Int
    /// Channels of y.
    public var outputs: Int
    /// All of its outputs in order; one part of the product's own name where they are not told apart.
    public var parts: [Part]

    /// - Parameter parts: where its outputs are told apart.
    public init(_ name: String, inputs: Int, outputs: Int, parts: [Part]? = nil) {
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.parts = parts ?? [Part(name, rows: 0..<max(outputs, 0))]
    }

    /// The name of its weight among the layer's parameters.
    public var weight: String { name.isEmpty ? "weight" : name + ".weight" }
}
