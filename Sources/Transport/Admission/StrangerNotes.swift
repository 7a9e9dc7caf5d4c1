/// Lines about connections that were refused: at a limited rate, with the addresses that they came from.
package struct StrangerNotes {
    private let place: String
    private var limit = NoteLimit(burst: 1)
    /// The first few different ones since the last line.
    private var addresses: [String] = []
    private static let named = 3

    /// - Parameter place: where they came to: an address, `a port of worker 1`.
    package init(place: String) { self.place = place }

    /// - Parameter origins: where each of them came from, as far as it is known.
    /// - Returns: the line to print now, if any.
    package mutating func refused(_ origins: [String?], at now: UInt64) -> String? {
        for case let origin? in origins where addresses.count < Self.named && !addresses.contains(origin) {
            addresses.append(origin)
        }
        return line(limit.happened(origins.count, at: now))
    }

    /// The line for those of whom none was printed yet, once it may be.
    package mutating func due(at now: UInt64) -> String? { line(limit.due(at: now)) }

    private mutating func line(_ count: Int?) -> String? {
        guard let count else { return nil }
        defer { addresses = [] }
        let origin = addresses.isEmpty ? "" : " from " + addresses.joined(separator: ", ")
        return count == 1
            ? "a connection to \(place)\(origin) was refused: whoever made it does not belong to this run"
            : "\(count) connections to \(place)\(origin) were refused: whoever made them does not belong to this run"
    }
}
