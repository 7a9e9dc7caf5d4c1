/// Where one parameter of the model lies in a family's files: parts that fill it row after row.
///
///     // q over k over v, of three tensors of the files
///     StoredParameter("3.1.qkv.weight", [96, 64], parts: [
///         .init("model.layers.1.self_attn.q_proj.weight", rows: 0..<64),
///         .init("model.layers.1.self_attn.k_proj.weight", rows: 0..<16),
///         .init("model.layers.1.self_attn.v_proj.weight", rows: 0..<16),
///     ])
package struct StoredParameter: Hashable, Sendable {
    /// The model's name of it.
    package var name: String
    /// The model's shape. Its first axis counts rows; those of a vector are its elements.
    package var shape: [Int]
    /// Rows of the files' tensors, in the order in which they fill the parameter.
    package var parts: [Part]

    package init(_ name: String, _ shape: [Int], parts: [Part]) {
        self.name = name
        self.shape = shape
        self.parts = parts
    }

    /// A parameter that is one whole tensor of the files.
    /// - Parameter isTransposed: the files hold it as [in, out].
    package init(
        _ name: String, _ shape: [Int], tensor: String, aliases: [String] = [], isTransposed: Bool = false
    ) {
        let rows = 0..<(shape.first ?? 1)
        self.init(name, shape, parts: [Part(tensor, aliases: aliases, rows: rows, isTransposed: isTransposed)])
    }

    /// Some rows of one tensor of the files.
    package struct Part: Hashable, Sendable {
        /// The file's name.
        package var tensor: String
        /// Other names of the same tensor: the first that exists is read. Every part of a tensor has the same ones.
        package var aliases: [String]
        /// Of the stored tensor: row-major rows of axis 0, its columns where it is transposed, the elements of a vector.
        package var rows: Range<Int>
        /// Between these rows: 1 unless the file interleaves them. There are `rows.count / stride` of them, rounded up.
        package var stride: Int
        /// Stored as [in, out].
        package var isTransposed: Bool

        package init(
            _ tensor: String, aliases: [String] = [], rows: Range<Int>, stride: Int = 1, isTransposed: Bool = false
        ) {
            self.tensor = tensor
            self.aliases = aliases
            self.rows = rows
            self.stride = stride
            self.isTransposed = isTransposed
        }

        /// How many rows of the parameter it fills.
        package var count: Int { stride < 1 ? 0 : rows.count / stride + (rows.count % stride == 0 ? 0 : 1) }

        /// The last of its rows, where it has any.
        var lastRow: Int { rows.lowerBound + (count - 1) * stride }

        /// Those of its rows that fill these of the parameter's, counted from the first that the part fills.
        func rows(_ filled: Range<Int>) -> Part {
            var part = self
            let first = rows.lowerBound + filled.lowerBound * stride
            part.rows = filled.isEmpty ? first..<first : first..<first + (filled.count - 1) * stride + 1
            return part
        }

        /// All names that the tensor may have, the first choice first.
        package var names: [String] { [tensor] + aliases }
    }
}
