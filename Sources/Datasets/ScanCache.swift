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

    /// One scan: of what, and that all numbers of the range were below the limit.
    struct Entry: Equatable {
        /// Everything that must be the same.
        var key: String
        var name: String
        var limit: UInt64
        var range: Range<Int>

        init(_ file: DataFile, bits: Int, mask: UInt64, limit: UInt64, range: Range<Int>) {
            let identity = file.identity
            name = "\(identity.device)-\(identity.inode)"
            key = [
                "echelon scan 1", "\(identity.byteCount) bytes", "modified \(identity.modified)",
                "changed \(identity.changed)", "\(bits) bits", "mask \(mask)", file.path.printable(),
            ].joined(separator: "; ")
            self.limit = limit
            self.range = range
        }
    }

    func holds(_ entry: Entry) -> Bool {
        guard let folder, let text = try? File.text(folder + "/" + entry.name, limit: 1 << 16) else { return false }
        let lines = text.split(separator: "\n")
        guard lines.count == 4, lines[0] == entry.key, let limit = UInt64(lines[1]), let lower = Int(lines[2]),
            let upper = Int(lines[3])
        else { return false }
        return limit <= entry.limit && lower <= entry.range.lowerBound && upper >= entry.range.upperBound
    }

    /// Without a place, or where writing fails, the next run scans again: nothing else is lost.
    func keep(_ entry: Entry) {
        guard let folder else { return }
        let lines = [entry.key, "\(entry.limit)", "\(entry.range.lowerBound)", "\(entry.range.upperBound)", ""]
        try? File.makeFolder(folder)
        try? File.replace(folder + "/" + entry.name, with: lines.joined(separator: "\n").utf8)
    }
}
