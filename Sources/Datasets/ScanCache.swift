internal import Glibc
internal import Systems

/// Which data files were already searched for values that cannot be trained on: a small file for each.
package struct ScanCache: Sendable {
    /// nil: there is no place.
    package var folder: String?
    /// Is called with a file's path and bytes before a search that takes seconds.
    package var onLongScan: (@Sendable (String, Int) -> Void)?

    package init(folder: String?) { self.folder = folder }

    /// `$XDG_CACHE_HOME/echelon/scans`, or that below `~/.cache`.
    package static var standard: ScanCache {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        let caches = variable("XDG_CACHE_HOME") ?? variable("HOME").map { $0 + "/.cache" }
        return ScanCache(folder: caches.map { $0 + "/echelon/scans" })
    }

    /// Bytes; a smaller file is read again faster than it is worth keeping.
    static let smallestFile = 64 << 20

    /// Bytes whose search a user would notice.
    static let longScan = 4 << 30

    /// Bytes of text whose parsing a user would notice.
    static let longParse = 512 << 20

    /// Where the findings about a file lie, and all that must be the same for them to hold.
    struct Place: Equatable {
        var name: String
        var key: String

        /// - Parameter what: was looked for.
        init(_ file: DataFile, _ what: String) {
            let identity = file.identity
            name = "\(identity.device)-\(identity.inode)"
            key = [
                "echelon scan 1", "\(identity.byteCount) bytes", "modified \(identity.modified)",
                "changed \(identity.changed)", what, file.path.printable(),
            ].joined(separator: "; ")
        }
    }

    /// What was found; nil where it is not known.
    func numbers(at place: Place, count: Int) -> [Int]? {
        guard let folder, let text = try? File.text(folder + "/" + place.name, limit: 1 << 16) else { return nil }
        let lines = text.split(separator: "\n")
        guard lines.count == count + 1, lines[0] == place.key else { return nil }
        let numbers = lines.dropFirst().compactMap { Int($0) }
        return numbers.count == count ? numbers : nil
    }

    /// Without a place, or where writing fails, the next run scans again: nothing else is lost.
    func keep(_ numbers: [Int], at place: Place) {
        guard let folder else { return }
        let lines = [place.key] + numbers.map(String.init) + [""]
        try? File.makeFolder(folder)
        try? File.replace(folder + "/" + place.name, with: lines.joined(separator: "\n").utf8)
    }

    /// One scan of raw numbers: of what, and that all of the range were below the limit.
    struct Entry: Equatable {
        var place: Place
        var limit: UInt64
        var range: Range<Int>

        init(_ file: DataFile, bits: Int, mask: UInt64, limit: UInt64, range: Range<Int>) {
            place = Place(file, "\(bits) bits; mask \(mask)")
            self.limit = limit
            self.range = range
        }
    }

    func holds(_ entry: Entry) -> Bool {
        guard let kept = numbers(at: entry.place, count: 3), let limit = UInt64(exactly: kept[0]) else { return false }
        return limit <= entry.limit && kept[1] <= entry.range.lowerBound && kept[2] >= entry.range.upperBound
    }

    func keep(_ entry: Entry) {
        guard let limit = Int(exactly: entry.limit) else { return }
        keep([limit, entry.range.lowerBound, entry.range.upperBound], at: entry.place)
    }
}
