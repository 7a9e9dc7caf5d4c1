/// A value of a GGUF file's metadata. Numbers of all widths are one kind, and so are their lists.
package enum GGUFValue: Hashable, Sendable {
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case string(String)
    case integers([Int])
    case numbers([Double])
    case booleans([Bool])
    case strings([String])
    /// A list of lists.
    case lists([GGUFValue])

    /// What it is, for errors.
    var kind: String {
        switch self {
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "true or false"
        case .string: "a string"
        case .integers: "a list of integers"
        case .numbers: "a list of numbers"
        case .booleans: "a list of true or false"
        case .strings: "a list of strings"
        case .lists: "a list of lists"
        }
    }
}

/// The types of metadata as the format numbers them
/// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
enum GGUFValueType: UInt32 {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Bytes that a value has at least.
    var leastByteCount: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .string, .uint64, .int64, .float64: 8
        case .array: 12
        }
    }
}
