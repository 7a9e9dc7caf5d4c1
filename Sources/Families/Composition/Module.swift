internal import Checkpoints

/// A module of a family's files, or some of its outputs: `name.weight`, and `name.bias` where there is one.
struct Module {
    var name: String
    /// Of its outputs; of its channels, for a norm.
    var rows: Range<Int>
    /// Between these rows.
    var stride = 1
    /// What else it may be called: two modules of a file that are one tensor.
    var aliases: [String] = []
    /// Whether the weight is stored [inputs, outputs].
    var isTransposed = false

    init(_ name: String, rows: Range<Int>, stride: Int = 1, aliases: [String] = [], isTransposed: Bool = false) {
        self.name = name
        self.rows = rows
        self.stride = stride
        self.aliases = aliases
        self.isTransposed = isTransposed
    }

    init(_ name: String, rows: Int, aliases: [String] = [], isTransposed: Bool = false) {
        self.init(name, rows: 0..<rows, aliases: aliases, isTransposed: isTransposed)
    }

    /// Where its `weight` or its `bias` lies.
    func part(_ tensor: Substring, isMatrix: Bool) -> StoredParameter.Part {
        StoredParameter.Part(
            "\(name).\(tensor)", aliases: aliases.map { "\($0).\(tensor)" }, rows: rows, stride: stride,
            isTransposed: isTransposed && isMatrix)
    }
}
