package import Tensors

/// The element types of a safetensors file, by the names it uses; in the order in which the format's own
/// implementation lays out tensors, back to front.
package enum StoredType: String, Hashable, Sendable, CaseIterable {
    case bool = "BOOL"
    case u8 = "U8"
    case i8 = "I8"
    case i16 = "I16"
    case f16 = "F16"
    case bf16 = "BF16"
    case i32 = "I32"
    case f32 = "F32"
    case f64 = "F64"
    case i64 = "I64"

    package init(_ dtype: DType) {
        switch dtype {
        case .f32: self = .f32
        case .bf16: self = .bf16
        case .f16: self = .f16
        case .i32: self = .i32
        case .i64: self = .i64
        }
    }

    /// Bytes of one element.
    package var size: Int {
        switch self {
        case .bool, .u8, .i8: 1
        case .i16, .f16, .bf16: 2
        case .i32, .f32: 4
        case .f64, .i64: 8
        }
    }

    package var isFloatingPoint: Bool {
        switch self {
        case .f16, .bf16, .f32, .f64: true
        case .bool, .u8, .i8, .i16, .i32, .i64: false
        }
    }

    /// Whether a tensor of type `dtype` can take these values: any floating-point type can be converted to another.
    func fits(_ dtype: DType) -> Bool {
        self == StoredType(dtype) || isFloatingPoint && dtype.isFloatingPoint
    }
}

extension StoredType: CustomStringConvertible {
    /// As `DType` writes it.
    package var description: String { rawValue.lowercased() }
}
