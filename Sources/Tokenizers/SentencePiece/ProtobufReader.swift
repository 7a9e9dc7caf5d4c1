/// The fields of one protocol buffer message, in the order in which they stand
/// (https://protobuf.dev/programming-guides/encoding).
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    /// A field's number and value.
    struct Field {
        var number: Int
        var value: Value
    }

    private var rest: ArraySlice<UInt8>
    private let path: String

    init(_ bytes: ArraySlice<UInt8>, path: String) {
        rest = bytes
        self.path = path
    }

    /// The next field; nil at the message's end.
    mutating func next() throws(TokenizerError) -> Field? {
        guard !rest.isEmpty else { return nil }
        let start = rest.startIndex
        let key = try varint()
        guard let number = Int(exactly: key >> 3), number > 0 else {
            throw wrong(at: start, "a field's number", "0")
        }
        return switch key & 7 {
        case 0: Field(number: number, value: .varint(try varint()))
        case 1: Field(number: number, value: .fixed64(try fixed(8)))
        case 2: Field(number: number, value: .bytes(try take(try varint())))
        case 5: Field(number: number, value: .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw wrong(at: start, "a field's kind, 0, 1, 2 or 5", "\(key & 7)")
        }
    }

    private mutating func varint() throws(TokenizerError) -> UInt64 {
        let start = rest.startIndex
        var result: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = rest.popFirst() else {
                throw wrong(at: start, "a number of variable length", "the file's end")
            }
            result |= UInt64(byte & 0x7f) << UInt64(shift)
            if byte < 0x80 { return result }
        }
        throw wrong(at: start, "a number of at most ten bytes", "more")
    }

    private mutating func fixed(_ count: UInt64) throws(TokenizerError) -> UInt64 {
        try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func take(_ count: UInt64) throws(TokenizerError) -> ArraySlice<UInt8> {
        guard let count = Int(exactly: count), count <= rest.count else {
            throw wrong(at: rest.startIndex, "\(count) bytes", "\(rest.count)")
        }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    func wrong(at offset: Int, _ expected: String, _ got: String) -> TokenizerError {
        .malformed(path: path, place: "byte \(offset)", expected: expected, got: got)
    }
}

extension ProtobufReader.Value {
    /// A number or truth value; nil for another kind.
    var number: UInt64? { if case .varint(let value) = self { value } else { nil } }
    var bytes: ArraySlice<UInt8>? { if case .bytes(let value) = self { value } else { nil } }
    var float: Float? { if case .fixed32(let value) = self { Float(bitPattern: value) } else { nil } }
}
