/// The element types that tensors, messages and files share. Raw values are what travels in a message's header.
public enum DType: UInt8, Sendable, CaseIterable, Hashable {
    /// IEEE 754 binary32, 4 bytes.
    case f32 = 0
    /// bfloat16: f32's upper half, 8 bits of exponent and 7 of fraction, 2 bytes.
    case bf16 = 1
    /// IEEE 754 binary16: 5 bits of exponent and 10 of fraction, 2 bytes; above 65504 it overflows.
    case f16 = 2
    /// Signed, 4 bytes: token ids and classes.
    case i32 = 3
    /// Signed, 8 bytes: counts.
    case i64 = 4

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .bf16, .f16: 2
        case .f32, .i32: 4
        case .i64: 8
        }
    }

    /// The nearest number of this type, ties to even; of integer types `value` itself.
    package func rounded(_ value: Float) -> Float {
        switch self {
        case .f32, .i32, .i64: return value
        case .f16: return Float(Float16(value))
        case .bf16:
            guard !value.isNaN else { return value }
            let bits = value.bitPattern
            return Float(bitPattern: (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
        }
    }

    /// Whether activations, gradients and parameters may have this type.
    public var isFloatingPoint: Bool {
        switch self {
        case .f32, .bf16, .f16: true
        case .i32, .i64: false
        }
    }
}

extension DType: CustomStringConvertible {
    public var description: String {
        switch self {
        case .f32: "f32"
        case .bf16: "bf16"
        case .f16: "f16"
        case .i32: "i32"
        case .i64: "i64"
        }
    }
}
