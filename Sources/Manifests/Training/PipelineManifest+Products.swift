import Notation
import Systems
public import Tensors

extension PipelineManifest {
    /// Which libraries compute the matrix products: `products: default`, `tuned`, a file, or as a resolved manifest has it,
    /// the file's rows.
    public enum Products: Hashable, Sendable {
        /// By the rules for the kind of processor.
        case usual
        /// What was measured once on this machine; a plan has the rows in its place.
        case tuned
        /// By these rows, and others by the rules.
        case table(ProductTable)
    }

    /// What the devices' backends are given.
    package var productTable: ProductTable {
        if case .table(let table) = products { table } else { ProductTable() }
    }
}

extension PipelineManifest.Products {
    private static let words = ["default", "tuned"]
    private static let row = "a row such as \"f32 512x2048x512 nt openblas\""

    /// As `default` unless written.
    static func decode(_ field: Field?, _ devices: [PipelineManifest.Device]) throws(ManifestError) -> Self {
        guard let field else { return .usual }
        guard devices.allSatisfy({ $0.kind != .sim }) else {
            throw field.error("products has no effect on devices that compute nothing", expected: "no products")
        }
        if case .list = field.node.content { return .table(try table(of: field)) }
        guard case .scalar(let text, _) = field.node.content, !field.node.isNull else {
            throw field.error(expected: "default, tuned, or a file with a table of products")
        }
        if text == words[0] { return .usual }
        if text == words[1] { return .tuned }
        let path = try field.filePath("default, tuned, or a file with a table of products")
        if !text.contains("/"), !text.contains("."), let near = Suggestion.nearest(to: text, in: words) {
            throw field.error(expected: "default, tuned, or a file with a table of products", suggestion: near)
        }
        return .table(try read(path, namedAt: field.node.mark))
    }

    private static func table(of field: Field) throws(ManifestError) -> ProductTable {
        // A race without a winner leaves none.
        guard field.node.content != .list([]) else { return ProductTable() }
        var lines: [(text: String, mark: Mark)] = []
        for entry in try field.list(of: "rows, such as \"f32 512x2048x512 nt openblas\"") {
            lines.append((try entry.text(row), entry.node.mark))
        }
        return try table(lines)
    }

    /// Reads a file: a row a line; what begins with `#` is passed over.
    private static func read(_ path: String, namedAt mark: Mark) throws(ManifestError) -> ProductTable {
        let text = try ManifestFile.text(path, namedAt: mark, what: "table of products")
        var lines: [(text: String, mark: Mark)] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
        where line.first != "#" && !line.allSatisfy(\.isWhitespace) {
            lines.append((String(line), Mark(file: path, line: index + 1, column: 1)))
        }
        return try table(lines)
    }

    private static func table(_ lines: [(text: String, mark: Mark)]) throws(ManifestError) -> ProductTable {
        var rows: [ProductTable.Row] = []
        var known: Set<ProductTable.Key> = []
        for (text, mark) in lines {
            let shown = text.printable(limit: 80)
            guard let read = ProductTable.Row(text) else {
                let words = text.split(separator: " ")
                let libraries = ProductTable.Library.allCases.map(\.rawValue)
                let near = words.count == 4 ? Suggestion.nearest(to: String(words[3]), in: libraries) : nil
                throw ManifestError(
                    at: mark, found: "\"\(shown)\"",
                    expected: "\(row): type, m x n x k, which of both operands are stored transposed, and one of "
                        + libraries.joined(separator: ", "), suggestion: libraries.contains(near ?? "") ? near : nil)
            }
            guard known.insert(read.key).inserted else {
                throw ManifestError(at: mark, found: "\(read.key) for the second time", expected: "it once")
            }
            rows.append(read)
        }
        return ProductTable(rows)
    }

    /// Empty where nothing is to be written.
    var yaml: [String] {
        switch self {
        case .usual: []
        case .tuned: ["products: tuned"]
        case .table(let table): ["products: \(YAML.list(table.rows.map { YAML.quoted("\($0)") }))"]
        }
    }
}
