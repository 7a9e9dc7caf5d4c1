package import Runs
import Systems

/// The hosts of a run and how many workers each takes, as DeepSpeed's launcher writes them: a line `HOST slots=N` for each;
/// `#` begins a comment.
///
///     node-a slots=2
///     node-b slots=2     # also ssh's own names, and user@host
package struct HostFile: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        /// As ssh takes it.
        package var name: String
        package var slots: Int
    }

    package let entries: [Entry]
    private static let limit = 1 << 20
    private static let mostSlots = 4096

    /// - Throws: bad input, with file and line.
    package static func read(_ path: String) throws(RunFailure) -> HostFile {
        let text: String
        do { text = try File.text(path, limit: limit) } catch { throw .badInput("--hosts: \(error)") }
        return try HostFile(text, path: path)
    }

    /// - Parameter path: for messages.
    package init(_ text: String, path: String) throws(RunFailure) {
        var entries: [Entry] = []
        var lines: [String: Int] = [:]
        let shown = path.printable()
        for (index, line) in text.lines.enumerated() {
            let place = "\(shown):\(index + 1)"
            guard let entry = try Self.entry(line, place) else { continue }
            if let other = lines[entry.name] {
                throw .badInput(
                    "\(place): \(entry.name) stands in line \(other) already: expected each host once, with all its slots"
                )
            }
            lines[entry.name] = index + 1
            entries.append(entry)
        }
        guard !entries.isEmpty else {
            throw .badInput("\(shown): no host in it; expected lines HOST slots=N, as `node-a slots=2`")
        }
        self.entries = entries
    }

    private static func entry(_ line: Substring, _ place: String) throws(RunFailure) -> Entry? {
        let words = line.prefix { $0 != "#" }.split { " \t".contains($0) }
        guard let name = words.first else { return nil }
        // A word that begins with a hyphen would be an option of ssh.
        guard name.utf8.count <= 255, !name.hasPrefix("-"), name.utf8.allSatisfy({ isPartOfName($0) }) else {
            throw .badInput(
                "\(place): \(name.printable(limit: 80)) is no host: expected a name, a number or user@host")
        }
        guard words.count == 2, words[1].hasPrefix("slots=") else {
            throw .badInput(
                "\(place): expected \(name) slots=N, got \(line.prefix { $0 != "#" }.printable(limit: 80))")
        }
        let number = words[1].dropFirst("slots=".count)
        guard let slots = Int(number), (1...mostSlots).contains(slots) else {
            throw .badInput(
                "\(place): slots=\(number.printable(limit: 40)): expected how many workers the host takes, 1 to \(mostSlots)"
            )
        }
        return Entry(name: String(name), slots: slots)
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || "._-@:%[]".utf8.contains(byte)
    }

    /// The host of each rank: hosts in their order, each with as many as it has slots.
    /// - Parameter path: for messages.
    /// - Throws: bad input where there are too few slots; of too many the last stay empty.
    package func hosts(ofRanks count: Int, path: String) throws(RunFailure) -> [String] {
        var all = 0
        for entry in entries { all += entry.slots }
        guard all >= count else {
            throw .badInput(
                "\(path.printable()):1: \(count) workers, one for each device of the pipeline, and slots for \(all); "
                    + "expected \(count - all) more slots, or fewer devices")
        }
        return Array(entries.lazy.flatMap { Array(repeating: $0.name, count: $0.slots) }.prefix(count))
    }
}
