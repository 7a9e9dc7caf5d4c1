internal import Systems

/// The tokens that a file lists for its model, each with its id.
struct Vocabulary: Sendable {
    /// By id; ids may be left out.
    private(set) var tokens: [String?] = []
    private var table: ByteStringTable
    private(set) var count = 0
    /// Whether some token has two ids.
    private(set) var hasDoubles = false

    /// Ids are below this: the largest vocabularies have a few hundred thousand. A file of one token with a huge id takes memory for
    /// all below it.
    static let idLimit = 1 << 20

    init(capacity: Int = 16) { table = ByteStringTable(capacity: capacity) }

    /// One more than the largest id.
    var size: Int { tokens.count }

    /// - Parameter allowsDoubles: a token that is there already gets the new id, and keeps the old one's place.
    mutating func add(
        _ token: String, id: Int, allowsDoubles: Bool = false, place: @autoclosure () -> String
    ) throws(LoadProblem) {
        guard (0..<Self.idLimit).contains(id) else {
            throw .malformed(place: place(), expected: "an id from 0 to \(Self.idLimit - 1)", got: "\(id)")
        }
        while tokens.count <= id { tokens.append(nil) }
        if let other = tokens[id] {
            throw .malformed(
                place: place(), expected: "each id once", got: "\(id) for \(shownToken(other)) and \(shownToken(token))"
            )
        }
        if !table.insert(token, Int32(id)) {
            guard !allowsDoubles else {
                table.replace(token, Int32(id))
                tokens[id] = token
                hasDoubles = true
                return
            }
            throw .malformed(place: place(), expected: "each token once", got: "\(shownToken(token)) again")
        }
        tokens[id] = token
        count += 1
    }

    func id(_ token: String) -> Int32? { table.find(token) }

    func id(_ token: UnsafeBufferPointer<UInt8>) -> Int32? { table.find(token) }

    func token(_ id: Int32) -> String? { tokens.indices.contains(Int(id)) ? tokens[Int(id)] : nil }

    /// The ids of `<0x00>` to `<0xFF>`; -1 where there is none.
    var byteIds: [Int32] {
        (0..<256).map { id("<0x" + (($0 < 16 ? "0" : "") + String($0, radix: 16)).uppercased() + ">") ?? -1 }
    }
}

/// The letters that byte-level files write for bytes: printable ones of Latin-1 for themselves, U+0100 and on for the others
/// (GPT-2's encoder).
enum ByteLetters {
    /// For each byte its letter.
    static let letters: [UnicodeScalar] = {
        var next: UInt32 = 0x100
        return (UInt32(0)..<256).map { byte in
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
                return UnicodeScalar(byte) ?? " "
            }
            defer { next += 1 }
            return UnicodeScalar(next) ?? " "
        }
    }()

    /// For each letter its byte; -1 for what is none. Letters are below 0x144.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, letter) in letters.enumerated() { bytes[Int(letter.value)] = Int16(byte) }
        return bytes
    }()

    /// The bytes that a token spells; nil where it holds what is no letter for a byte.
    static func bytes(of token: String) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in token.unicodeScalars {
            guard scalar.value < 0x144, case let byte = bytes[Int(scalar.value)], byte >= 0 else { return nil }
            result.append(UInt8(byte))
        }
        return result
    }

    /// How many bytes a byte's letter has in UTF-8.
    @inline(__always) static func length(_ byte: UInt8) -> Int { (0x21...0x7E).contains(byte) ? 1 : 2 }

    static func spelling(of bytes: some Sequence<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(letters[Int(byte)]) }
        return String(text)
    }
}
