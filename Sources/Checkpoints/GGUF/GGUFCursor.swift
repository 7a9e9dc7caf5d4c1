internal import Systems

/// Reads the head of a GGUF file from its begin on, through a window.
struct GGUFCursor {
    private let file: RegularFile
    /// Bytes of the file that may belong to its head.
    private let end: Int
    private var window: [UInt8] = []
    private var at = 0
    private var windowEnd = 0
    /// Elements of lists that may still be read.
    private var elementsLeft = maximumElementCount
    private var listsLeft = maximumListCount

    /// Bytes of the longest head; that of a model with 256,000 tokens has 10 MB.
    static let maximumHeadByteCount = 1 << 26
    static let maximumElementCount = 1 << 22
    static let maximumListCount = 1 << 16
    static let maximumDepth = 8
    /// Of a file that has less than it says.
    static let advice = ": the file was cut short or is damaged; copy or download it again"
    private static let windowByteCount = 1 << 16

    init(_ file: RegularFile) {
        self.file = file
        end = min(file.byteCount, Self.maximumHeadByteCount)
    }

    /// Bytes read so far.
    var offset: Int { windowEnd - window.count + at }
    /// Bytes that the head may still have.
    var left: Int { end - offset }

    // MARK: Numbers and strings

    mutating func integer<Integer: FixedWidthInteger>(
        _: Integer.Type, _ place: @autoclosure () -> String
    ) throws -> Integer {
        let bytes = try take(MemoryLayout<Integer>.size, place)
        var value: Integer = 0
        for byte in bytes.reversed() { value = value << 8 | Integer(truncatingIfNeeded: byte) }
        return value
    }

    /// A u64 that counts things of at least so many bytes each: the file must have room for them.
    mutating func count(of size: Int, _ place: @autoclosure () -> String) throws -> Int {
        let count = try integer(UInt64.self, place())
        guard count <= left / size else {
            if count <= (file.byteCount - offset) / size { throw shortage(place()) }
            throw FormatProblem(
                place: place(), expected: "at most \(left / size), as there are \(left) bytes left",
                got: "\(count)\(Self.advice)")
        }
        return Int(count)
    }

    mutating func string(_ place: @autoclosure () -> String) throws -> String {
        let count = try count(of: 1, place())
        guard let string = String(validating: try take(count, place), as: UTF8.self) else {
            throw FormatProblem(place: place(), expected: "UTF-8", got: "a string that is not")
        }
        return string
    }

    // MARK: Values

    mutating func value(_ place: String) throws -> GGUFValue { try value(try type(place), place, depth: 0) }

    private mutating func type(_ place: String) throws -> GGUFValueType {
        let number = try integer(UInt32.self, place)
        guard let type = GGUFValueType(rawValue: number) else {
            throw FormatProblem(place: place, expected: "a type from 0 to 12", got: "\(number)")
        }
        return type
    }

    private mutating func value(_ type: GGUFValueType, _ place: String, depth: Int) throws -> GGUFValue {
        switch type {
        case .string: .string(try string(place))
        case .bool: .boolean(try boolean(place))
        case .float32, .float64: .number(try number(type, place))
        case .array: try list(place, depth: depth)
        case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: .integer(try whole(type, place))
        }
    }

    private mutating func list(_ place: String, depth: Int) throws -> GGUFValue {
        let type = try type(place)
        let count = try count(of: type.leastByteCount, place)
        guard depth < Self.maximumDepth, listsLeft > 0, count <= elementsLeft else {
            throw FormatProblem(
                place: place,
                expected: "metadata of at most \(Self.maximumElementCount) elements in \(Self.maximumListCount) lists, "
                    + "\(Self.maximumDepth) deep", got: "more")
        }
        listsLeft -= 1
        elementsLeft -= count
        return switch type {
        case .string: .strings(try elements(count) { cursor in try cursor.string(place) })
        case .bool: .booleans(try elements(count) { cursor in try cursor.boolean(place) })
        case .float32, .float64: .numbers(try elements(count) { cursor in try cursor.number(type, place) })
        case .array: .lists(try elements(count) { cursor in try cursor.list(place, depth: depth + 1) })
        case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64:
            .integers(try elements(count) { cursor in try cursor.whole(type, place) })
        }
    }

    private mutating func elements<Element>(
        _ count: Int, _ next: (inout GGUFCursor) throws -> Element
    ) throws -> [Element] {
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try next(&self)) }
        return elements
    }

    private mutating func boolean(_ place: String) throws -> Bool {
        let byte = try integer(UInt8.self, place)
        guard byte <= 1 else { throw FormatProblem(place: place, expected: "0 or 1", got: "\(byte)") }
        return byte == 1
    }

    private mutating func number(_ type: GGUFValueType, _ place: String) throws -> Double {
        type == .float32
            ? Double(Float(bitPattern: try integer(UInt32.self, place)))
            : Double(bitPattern: try integer(UInt64.self, place))
    }

    private mutating func whole(_ type: GGUFValueType, _ place: String) throws -> Int {
        switch type {
        case .uint8: return Int(try integer(UInt8.self, place))
        case .int8: return Int(try integer(Int8.self, place))
        case .uint16: return Int(try integer(UInt16.self, place))
        case .int16: return Int(try integer(Int16.self, place))
        case .uint32: return Int(try integer(UInt32.self, place))
        case .int32: return Int(try integer(Int32.self, place))
        case .int64: return Int(try integer(Int64.self, place))
        case .uint64, .float32, .bool, .string, .array, .float64:
            let value = try integer(UInt64.self, place)
            guard let value = Int(exactly: value) else {
                throw FormatProblem(place: place, expected: "a number below 2^63", got: "\(value)")
            }
            return value
        }
    }

    // MARK: Bytes

    /// The next bytes of the head.
    private mutating func take(_ count: Int, _ place: () -> String) throws -> ArraySlice<UInt8> {
        guard count <= left else { throw shortage(place()) }
        if window.count - at < count {
            let start = offset
            let bytes = try file.bytes(start..<start + min(max(count, Self.windowByteCount), end - start))
            window = bytes
            windowEnd = start + bytes.count
            at = 0
        }
        defer { at += count }
        return window[at..<at + count]
    }

    private func shortage(_ place: String) -> FormatProblem {
        file.byteCount > end
            ? FormatProblem(place: place, expected: "a head of at most \(end) bytes", got: "a longer one")
            : FormatProblem(
                place: place, expected: "more bytes behind \(offset)",
                got: "\(file.byteCount - offset)\(Self.advice)")
    }
}
