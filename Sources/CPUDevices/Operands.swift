import CKernels
import Tensors

/// Checked access to the elements that a kernel reads or writes.
extension Tensor {
    /// Activations or their gradients: floating-point elements of the one type that the whole call has.
    func floats(_ operation: StaticString, _ type: DType, count expected: Int) -> UnsafeMutableRawPointer {
        precondition(dtype == type && type.isFloatingPoint, "\(operation) takes \(type) here, got \(spec)")
        return checked(operation, count: expected)
    }

    func f32(_ operation: StaticString, count expected: Int) -> UnsafeMutablePointer<Float> {
        precondition(dtype == .f32, "\(operation) takes f32 here, got \(spec)")
        return checked(operation, count: expected).assumingMemoryBound(to: Float.self)
    }

    func i32(_ operation: StaticString, count expected: Int) -> UnsafeMutablePointer<Int32> {
        precondition(dtype == .i32, "\(operation) takes i32 here, got \(spec)")
        return checked(operation, count: expected).assumingMemoryBound(to: Int32.self)
    }

    /// The one i64 of a loss's normaliser.
    func normaliser(_ operation: StaticString) -> Int64 {
        precondition(dtype == .i64, "\(operation) takes an i64 normaliser, got \(spec)")
        return checked(operation, count: 1).assumingMemoryBound(to: Int64.self).pointee
    }

    private func checked(_ operation: StaticString, count expected: Int) -> UnsafeMutableRawPointer {
        precondition(count == expected, "\(operation) takes \(expected) elements here, got \(spec)")
        return address
    }
}

extension DType {
    /// How the kernels call it.
    var kernel: ck_type {
        switch self {
        case .f32: CK_F32
        case .bf16: CK_BF16
        case .f16: CK_F16
        case .i32, .i64: preconditionFailure("kernels compute with floating-point numbers, not with \(self)")
        }
    }
}
