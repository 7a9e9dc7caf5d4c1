/// Looks for texts that end an answer while it comes: what may be the beginning of one is held back.
package struct StopSearch: Sendable {
    private let stops: [[Character]]
    private var held: [Character] = []
    /// Whether one of them was found: nothing more is given then.
    package private(set) var isFound = false

    /// - Parameter stops: empty ones are left out.
    package init(_ stops: [String]) { self.stops = stops.map(Array.init).filter { !$0.isEmpty } }

    /// The text that is certain with this piece: none of it belongs to a stop text.
    package mutating func append(_ piece: String) -> String {
        guard !isFound else { return "" }
        guard !stops.isEmpty else { return piece }
        var given = ""
        for character in piece {
            held.append(character)
            if let stop = stops.first(where: { held.count >= $0.count && held.suffix($0.count).elementsEqual($0) }) {
                isFound = true
                given += String(held.dropLast(stop.count))
                held = []
                return given
            }
            while !held.isEmpty, !stops.contains(where: { $0.starts(with: held) }) { given.append(held.removeFirst()) }
        }
        return given
    }

    /// What was held back.
    package mutating func finish() -> String {
        defer { held = [] }
        return String(held)
    }
}
