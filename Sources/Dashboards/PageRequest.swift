/// The head of an HTTP request, as far as a page needs it.
struct PageRequest: Equatable {
    var method: String
    var path: String
    /// Behind the path's question mark.
    var query: String
    /// Names in lower case; of headers that come twice, the last.
    var headers: [String: String]

    /// More bytes than a browser ever sends before the empty line.
    static let headLimit = 16 << 10

    /// - Parameter bytes: up to the empty line or beyond.
    /// - Returns: nil where the head is not whole yet.
    /// - Throws: `Malformed` for what is no request.
    init?(_ bytes: [UInt8]) throws(Malformed) {
        guard let end = Self.end(of: bytes) else {
            guard bytes.count <= Self.headLimit else { throw Malformed() }
            return nil
        }
        guard end <= Self.headLimit else { throw Malformed() }
        let lines = bytes[..<end].split(separator: 10).map { line in
            String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
        }
        let words = lines.first?.split(separator: " ", omittingEmptySubsequences: false) ?? []
        guard words.count == 3, words[1].hasPrefix("/"), words[2].hasPrefix("HTTP/1.") else { throw Malformed() }
        let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        method = String(words[0])
        path = String(target[0])
        query = target.count > 1 ? String(target[1]) : ""
        headers = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers[line[..<colon].lowercased()] = String(value)
        }
    }

    struct Malformed: Error {}

    /// The place behind the empty line.
    private static func end(of bytes: [UInt8]) -> Int? {
        for index in bytes.indices where bytes[index] == 10 {
            if index + 1 < bytes.count, bytes[index + 1] == 10 { return index + 2 }
            if index + 2 < bytes.count, bytes[index + 1] == 13, bytes[index + 2] == 10 { return index + 3 }
        }
        return nil
    }

    /// The value of a parameter of the query.
    func parameter(_ name: String) -> String? {
        query.split(separator: "&").first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }

    func cookie(_ name: String) -> String? {
        headers["cookie"]?.split(separator: ";").map { $0.drop { $0 == " " } }.first { $0.hasPrefix(name + "=") }
            .map { String($0.dropFirst(name.count + 1)) }
    }
}
