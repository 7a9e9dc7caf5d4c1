/// Which library computes the matrix products of some sizes: what was measured once, so that a run and its repetition
/// have the same bits. Products of other sizes follow the device's own rules.
///
///     let table = ProductTable([ProductTable.Row("f32 512x2048x512 nt onednn-sgemm")!])
public struct ProductTable: Hashable, Sendable {
    /// Who multiplies. Raw values are the names in files.
    public enum Library: String, Hashable, Sendable, CaseIterable {
        /// OpenBLAS's `sgemm`.
        case openBLAS = "openblas"
        /// oneDNN's `matmul`, which adds bias and residual in its one pass.
        case oneDNN = "onednn"
        /// oneDNN's `sgemm`.
        case oneDNNSGEMM = "onednn-sgemm"
    }

    /// c[m × n] = op(a)[m × k] · op(b)[k × n] of one type; whether c gains the product or is replaced does not count.
    public struct Key: Hashable, Sendable, Comparable, CustomStringConvertible {
        /// Rows of c.
        public let m: Int
        /// Columns of c.
        public let n: Int
        /// Terms of each of c's sums.
        public let k: Int
        /// a is stored [k × m].
        public let transposeA: Bool
        /// b is stored [n × k].
        public let transposeB: Bool
        /// The type of a and b.
        public let dtype: DType

        /// What a product of these sizes is found by.
        public init(_ shape: MatMul, _ dtype: DType) {
            (m, n, k) = (shape.m, shape.n, shape.k)
            (transposeA, transposeB) = (shape.transposeA, shape.transposeB)
            self.dtype = dtype
        }

        /// A product of these sizes.
        package var shape: MatMul {
            MatMul(m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB, accumulate: transposeA)
        }

        /// `f32 512x2048x512 nt`: m × n × k, and whether a and b are stored transposed.
        public var description: String {
            "\(dtype) \(m)x\(n)x\(k) \(transposeA ? "t" : "n")\(transposeB ? "t" : "n")"
        }

        public static func < (a: Key, b: Key) -> Bool {
            (a.dtype.rawValue, a.order, a.m, a.n, a.k) < (b.dtype.rawValue, b.order, b.m, b.n, b.k)
        }

        /// Forward, input gradient, weight gradient.
        private var order: Int { transposeA ? 2 : transposeB ? 0 : 1 }
    }

    /// One line of a table.
    public struct Row: Hashable, Sendable, CustomStringConvertible {
        /// Which product.
        public let key: Key
        /// Who computes it.
        public let library: Library

        /// `library` computes the products that `key` names.
        public init(_ key: Key, _ library: Library) {
            self.key = key
            self.library = library
        }

        /// Reads `f32 512x2048x512 nt onednn-sgemm`; nil for any other text.
        public init?(_ text: some StringProtocol) {
            let words = String(text).split(separator: " ").map(String.init)
            guard words.count == 4, let dtype = Self.types.first(where: { "\($0)" == words[0] }),
                let library = Library(rawValue: words[3]), ["nn", "nt", "tn", "tt"].contains(words[2])
            else { return nil }
            let extents: [Substring] = words[1].split(separator: "x", omittingEmptySubsequences: false)
            let sizes = extents.map { $0.allSatisfy { $0.isASCII && $0.isNumber } ? Int($0) ?? 0 : 0 }
            guard sizes.count == 3, sizes.allSatisfy({ (1...Self.largestExtent).contains($0) }) else { return nil }
            self.init(
                Key(
                    MatMul(
                        m: sizes[0], n: sizes[1], k: sizes[2], transposeA: words[2].first == "t",
                        transposeB: words[2].last == "t"), dtype), library)
        }

        public var description: String { "\(key) \(library.rawValue)" }

        private static let types: [DType] = [.f32, .bf16, .f16]
        /// No tensor has more in one direction.
        private static let largestExtent = 1 << 40
    }

    /// In the order of their keys, each key once.
    public let rows: [Row]
    private let libraries: [Key: Library]

    /// Of two rows with one key the first counts. Without rows: all products follow the device's rules.
    public init(_ rows: [Row] = []) {
        libraries = Dictionary(rows.map { ($0.key, $0.library) }) { first, _ in first }
        self.rows = libraries.map { Row($0.key, $0.value) }.sorted { $0.key < $1.key }
    }

    /// nil where the table says nothing of it.
    public subscript(key: Key) -> Library? { libraries.isEmpty ? nil : libraries[key] }
}
