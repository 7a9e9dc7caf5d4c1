internal import Systems
internal import Tensors

/// What stands in front of a GGUF file's data, validated.
struct GGUFHead {
    let version: Int
    private(set) var keys: [String] = []
    private(set) var metadata: [String: GGUFValue] = [:]
    private(set) var tensors: [PretrainedTensor] = []

    private static let magic = Array("GGUF".utf8)
    private static let defaultAlignment = 32
    private static let maximumAlignment = 1 << 20
    private static let maximumTensorCount = SafetensorsHeader.maximumTensorCount
    private static let maximumKeyCount = 1 << 16
    private static let maximumNameByteCount = 1 << 16

    init(_ file: RegularFile) throws {
        var cursor = GGUFCursor(file)
        version = try Self.version(&cursor)
        let tensorCount = try Self.count(&cursor, of: 24, limit: Self.maximumTensorCount, "its number of tensors")
        let keyCount = try Self.count(&cursor, of: 13, limit: Self.maximumKeyCount, "its number of metadata")
        for index in 0..<keyCount { try readValue(&cursor, "metadata \(index)") }
        try refuseSplit()
        let entries = try Self.entries(&cursor, tensorCount)
        tensors = try place(entries, in: file, behind: cursor.offset)
    }

    private static func version(_ cursor: inout GGUFCursor) throws -> Int {
        let first = try cursor.integer(UInt32.self, "its first bytes")
        guard withUnsafeBytes(of: first.littleEndian, { $0.elementsEqual(magic) }) else {
            throw FormatProblem(place: "its first bytes", expected: "\"GGUF\"", got: "others")
        }
        let version = try cursor.integer(UInt32.self, "its version")
        guard version == 2 || version == 3 else {
            let isSwapped = version.byteSwapped == 2 || version.byteSwapped == 3
            throw FormatProblem(
                place: "its version", expected: "2 or 3, little-endian",
                got: isSwapped ? "\(version.byteSwapped), big-endian" : "\(version)")
        }
        return Int(version)
    }

    private static func count(
        _ cursor: inout GGUFCursor, of size: Int, limit: Int, _ place: String
    ) throws -> Int {
        let count = try cursor.count(of: size, place)
        guard count <= limit else { throw FormatProblem(place: place, expected: "at most \(limit)", got: "\(count)") }
        return count
    }

    private static func name(_ cursor: inout GGUFCursor, _ place: String) throws -> String {
        let name = try cursor.string("\(place), its name")
        guard name.utf8.count <= maximumNameByteCount else {
            throw FormatProblem(
                place: "\(place), its name", expected: "at most \(maximumNameByteCount) bytes",
                got: "\(name.utf8.count)")
        }
        return name
    }

    // MARK: Metadata

    private mutating func readValue(_ cursor: inout GGUFCursor, _ place: String) throws {
        let key = try Self.name(&cursor, place)
        let value = try cursor.value("metadata \(quoted(key))")
        guard metadata.updateValue(value, forKey: key) == nil else {
            throw FormatProblem(place: place, expected: "each key once", got: "\(quoted(key)) again")
        }
        keys.append(key)
    }

    /// One of several files that are a model together lacks the others' tensors.
    private func refuseSplit() throws {
        guard case .integer(let count) = metadata["split.count"], count > 1 else { return }
        throw FormatProblem(
            place: "metadata \"split.count\"",
            expected: "the whole model; join its files with llama-gguf-split --merge",
            got: "one of \(count) files")
    }

    private func alignment() throws -> Int {
        let place = "metadata \"general.alignment\""
        guard let value = metadata["general.alignment"] else { return Self.defaultAlignment }
        guard case .integer(let alignment) = value, alignment > 0, alignment <= Self.maximumAlignment,
            alignment % 8 == 0
        else {
            let got = if case .integer(let number) = value { "\(number)" } else { value.kind }
            throw FormatProblem(place: place, expected: "a multiple of 8 up to \(Self.maximumAlignment)", got: got)
        }
        return alignment
    }

    // MARK: Tensors

    /// A tensor as the head describes it.
    private struct Entry {
        var name: String
        /// Outermost axis first.
        var extents: [Int]
        var type: UInt32
        /// From the begin of the data.
        var offset: UInt64

        var place: String { "tensor \(quoted(name))" }
    }

    private static func entries(_ cursor: inout GGUFCursor, _ count: Int) throws -> [Entry] {
        var entries: [Entry] = []
        for index in 0..<count {
            let name = try name(&cursor, "tensor \(index)")
            let place = "tensor \(quoted(name))"
            let rank = try cursor.integer(UInt32.self, place)
            guard rank <= CheckedExtents.maximumRank else {
                throw FormatProblem(
                    place: place, expected: "at most \(CheckedExtents.maximumRank) axes", got: "\(rank)")
            }
            var extents: [Int] = []
            for _ in 0..<rank {
                let extent = try cursor.integer(UInt64.self, place)
                guard let extent = Int(exactly: extent) else {
                    throw FormatProblem(place: place, expected: "extents below 2^63", got: "\(extent)")
                }
                extents.append(extent)
            }
            entries.append(
                Entry(
                    name: name, extents: extents.reversed(), type: try cursor.integer(UInt32.self, place),
                    offset: try cursor.integer(UInt64.self, place)))
        }
        return entries
    }

    private func place(_ entries: [Entry], in file: RegularFile, behind head: Int) throws -> [PretrainedTensor] {
        let alignment = try alignment()
        let start = (head + alignment - 1) / alignment * alignment
        let unread = entries.filter { GGUFTensorType.encoding($0.type) == nil }
        if let first = unread.first {
            let others = unread.count > 1 ? ", and \(unread.count - 1) more tensors of such types" : ""
            throw FormatProblem(
                place: first.place, expected: "F32, F16, BF16, Q8_0, Q4_0 or Q4_1",
                got: GGUFTensorType.name(first.type) + others)
        }
        var names: Set<String> = []
        let tensors = try entries.map { entry in
            guard names.insert(entry.name).inserted else {
                throw FormatProblem(place: entry.place, expected: "each tensor once", got: "it again")
            }
            return try Self.tensor(entry, in: file, start, alignment)
        }
        try Self.checkApart(tensors)
        return tensors
    }

    private static func tensor(
        _ entry: Entry, in file: RegularFile, _ start: Int, _ alignment: Int
    ) throws -> PretrainedTensor {
        guard let encoding = GGUFTensorType.encoding(entry.type), let count = encoding.byteCount(entry.extents) else {
            throw FormatProblem(
                place: entry.place, expected: "less than 2^63 bytes, in rows of whole blocks",
                got: "shape \(entry.extents) of \(GGUFTensorType.encoding(entry.type)?.description ?? "")")
        }
        guard let offset = Int(exactly: entry.offset), offset % alignment == 0 else {
            throw FormatProblem(
                place: entry.place, expected: "an offset by \(alignment)", got: "\(entry.offset)")
        }
        // An empty tensor may stand behind the last byte, where the padding was not written.
        let room = max(file.byteCount - start, 0)
        guard count == 0 || offset <= room - count else {
            throw FormatProblem(
                place: entry.place, expected: "\(count) bytes from \(offset) of the data on",
                got: "\(max(room - offset, 0))\(GGUFCursor.advice)")
        }
        let begin = count == 0 ? file.byteCount : start + offset
        return PretrainedTensor(
            name: entry.name, encoding: encoding, shape: Shape(entry.extents),
            bytes: TensorBytes(file: file, range: begin..<begin + count))
    }

    /// Two tensors in the same bytes are damage or an attack.
    private static func checkApart(_ tensors: [PretrainedTensor]) throws {
        let sorted = tensors.filter { $0.byteCount > 0 }.sorted {
            $0.bytes.range.lowerBound < $1.bytes.range.lowerBound
        }
        for (tensor, next) in zip(sorted, sorted.dropFirst())
        where next.bytes.range.lowerBound < tensor.bytes.range.upperBound {
            throw FormatProblem(
                place: "tensor \(quoted(next.name))", expected: "bytes of its own",
                got: "those of \(quoted(tensor.name))")
        }
    }
}
