internal import COneDNN
internal import Synchronization

/// oneDNN's matrix products, each prepared when it is first asked for and kept as long as the backend lives.
final class Products: Sendable {
    /// All that a prepared product depends on: anything but the addresses.
    struct Kind: Hashable {
        var shape: MatMul
        /// Elements between rows, as they are stored.
        var strideA: Int
        var strideB: Int
        var strideC: Int
        var dtype: DType
        var resultType: DType
        var hasBias = false
        var hasAddend = false
    }

    /// Addresses, which are valid during one call. bias and addend are nil where the product's kind has none.
    struct Operands: @unchecked Sendable {
        var a: UnsafeRawPointer
        var b: UnsafeRawPointer
        var c: UnsafeMutableRawPointer
        var bias: UnsafeRawPointer?
        var addend: UnsafeRawPointer?
    }

    private let state: Mutex<PreparedProducts>

    init(threads: Int) { state = Mutex(PreparedProducts(threads: threads)) }

    /// c (+)= op(a) · op(b) + bias + addend; false, and nothing is done, where oneDNN has no such product.
    func run(_ kind: Kind, _ at: Operands) -> Bool {
        state.withLock { prepared in
            guard var product = prepared.product(kind) else { return false }
            prepared.run(&product, at)
            return true
        }
    }

    /// All that attention asks for, at once.
    func run(_ heads: AttentionHeads, _ pass: AttentionHeads.Pass) { state.withLock { heads.run(pass, &$0) } }
}
