import COneDNN
import Synchronization
import Tensors

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
    private let threads: ComputeThreads
    /// Of the threads that compute heads of attention side by side, where there are several.
    private let lanes: [Lane]

    private final class Lane: Sendable {
        let state = Mutex(PreparedProducts(threads: 1))
    }

    /// `productThreads`: of each product that runs alone.
    init(productThreads: Int, _ threads: ComputeThreads) {
        state = Mutex(PreparedProducts(threads: productThreads))
        self.threads = threads
        lanes = threads.count > 1 ? (0..<threads.count).map { _ in Lane() } : []
    }

    /// c (+)= op(a) · op(b) + bias + addend; false, and nothing is done, where oneDNN has no such product.
    func run(_ kind: Kind, _ at: Operands) -> Bool {
        state.withLock { prepared in
            guard var product = prepared.product(kind) else { return false }
            prepared.run(&product, at)
            return true
        }
    }

    /// Runs `body` for as many parts as there are compute threads, side by side, each with products of its own.
    func share(_ body: (_ part: Int, _ prepared: inout PreparedProducts) -> Void) {
        guard !lanes.isEmpty else { return state.withLock { body(0, &$0) } }
        threads.run(lanes.count) { part in lanes[part].state.withLock { body(part, &$0) } }
    }
}
