/// Some elements of a tensor, which a checkpoint keeps apart from the others: replicas that share out optimizer state write
/// each its own.
///
///     TensorPiece("3.weight.exp_avg[65536:131072]")?.elements      // 65536..<131072
package struct TensorPiece: Hashable, Sendable {
    /// The whole tensor's name.
    package var name: String
    /// In row-major order.
    package var elements: Range<Int>

    package init(_ name: String, _ elements: Range<Int>) {
        self.name = name
        self.elements = elements
    }

    /// nil where the text names a whole tensor.
    package init?(_ text: String) {
        guard text.hasSuffix("]"), let open = text.lastIndex(of: "["), open > text.startIndex else { return nil }
        let bounds = text[text.index(after: open)...].dropLast().split(separator: ":", omittingEmptySubsequences: false)
        guard bounds.count == 2, bounds.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let start = Int(bounds[0]), let end = Int(bounds[1]), start < end, end <= 1 << 48
        else { return nil }
        self.init(String(text[..<open]), start..<end)
    }

    /// The name under which files hold it.
    package var text: String { "\(name)[\(elements.lowerBound):\(elements.upperBound)]" }
}
