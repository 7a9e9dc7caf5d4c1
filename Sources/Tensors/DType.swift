/// The element types that tensors, messages and files share. Raw values are what travels in a message's header.
public enum DType: UInt8, Sendable, CaseIterable, Hashable {
    case f32 = 0
    case bf16 = 1
    case f16 = 2
    case i32 = 3
    case i64 = 4

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .bf16, .f16: 2
        case .f32, .i32: 4
        case .i64: 8
        }
    }

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
