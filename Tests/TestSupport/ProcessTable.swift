import Foundation
public import Glibc

/// What runs on this machine, as /proc shows it.
public enum ProcessTable {
    public struct Entry: Sendable {
        public var id: pid_t
        public var arguments: [String]
        public var parent: pid_t
        /// `R` runs, `S` sleeps, `T` is stopped, `Z` ended and was not waited for.
        public var state: Character

        /// The word behind an option: of `["--rank", "2"]` it is `2` for `--rank`.
        public func value(of option: String) -> String? {
            guard let place = arguments.firstIndex(of: option), arguments.indices.contains(place + 1) else {
                return nil
            }
            return arguments[place + 1]
        }
    }

    /// The processes with `text` in their command line. One that ended has none.
    public static func entries(mentioning text: String) -> [Entry] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in
            guard let id = pid_t(name), let line = read("/proc/\(name)/cmdline"), line.contains(text) else {
                return nil
            }
            let arguments = line.split(separator: "\0").map(String.init)
            guard let (state, parent) = status(of: id) else { return nil }
            return Entry(id: id, arguments: arguments, parent: parent, state: state)
        }
    }

    /// Behind the program's name in brackets: ` S 123 …`.
    private static func status(of id: pid_t) -> (state: Character, parent: pid_t)? {
        guard let line = read("/proc/\(id)/stat"), let bracket = line.lastIndex(of: ")") else { return nil }
        let words = line[line.index(after: bracket)...].split(separator: " ")
        guard words.count > 1, let state = words[0].first, let parent = pid_t(words[1]) else { return nil }
        return (state, parent)
    }

    /// Files in /proc say that they are empty, so they are read to their end.
    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = fread(&bytes, 1, bytes.count, file)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
