internal import COneDNN
internal import Synchronization

/// oneDNN's matrix products, each prepared when its shape is first asked for and kept as long as the process lives.
final class Products: Sendable {
    /// All that a prepared product depends on: anything but the addresses.
    struct Kind: Hashable {
        var shape: MatMul
        var dtype: DType
        var resultType: DType
        var hasBias: Bool
        var hasAddend: Bool
    }

    /// Addresses, which are valid during one call. bias and addend are nil where the product's kind has none.
    struct Operands: @unchecked Sendable {
        var a: UnsafeRawPointer
        var b: UnsafeRawPointer
        var c: UnsafeMutableRawPointer
        var bias: UnsafeRawPointer?
        var addend: UnsafeRawPointer?
    }

    /// nil where this machine's oneDNN does not start.
    private let state: Mutex<PreparedProducts?>

    init(threads: Int) { state = Mutex(PreparedProducts(threads: threads)) }

    /// Whether this processor computes products of the type itself.
    static func areNative(_ dtype: DType) -> Bool {
        switch dtype {
        case .f32: true
        case .bf16: od_multiplies_bf16() != 0
        case .f16, .i32, .i64: false
        }
    }

    /// c (+)= op(a) · op(b) + bias + addend; false, and nothing is done, where oneDNN has no such product.
    func run(_ kind: Kind, _ at: Operands) -> Bool {
        state.withLock { $0?.run(kind, at) ?? false }
    }
}
