internal import Glibc
internal import Systems

/// A manifest's text, and the paths inside it.
enum ManifestFile {
    /// The file's nodes. `mark` is where the file is named; nil when the command line names it.
    static func read(_ path: String, namedAt mark: Mark? = nil) throws(ManifestError) -> Node {
        try NodeComposer.compose(text(path, namedAt: mark, what: "manifest"), file: path)
    }

    /// The text of a file that is called `what`.
    static func text(_ path: String, namedAt mark: Mark?, what: String) throws(ManifestError) -> String {
        let start = Mark(file: path, line: 1, column: 1)
        let bytes = try bytes(path, namedAt: mark, what: what)
        guard bytes.count <= Limit.fileBytes else {
            let expected = "a \(what) of at most \(Limit.fileBytes) bytes"
            throw ManifestError(at: start, found: "more than \(Limit.fileBytes) bytes", expected: expected)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let bad = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
            let mark = Mark(file: path, line: bad + 1, column: 1)
            throw ManifestError(at: mark, found: "bytes that are no UTF-8 text", expected: "UTF-8")
        }
        return text
    }

    /// At most one byte more than a manifest may have, whatever the path names.
    private static func bytes(_ path: String, namedAt mark: Mark?, what: String) throws(ManifestError) -> [UInt8] {
        func failure() -> ManifestError {
            let place = mark ?? Mark(file: path, line: 1, column: 1)
            let reason = String(cString: strerror(errno))
            return ManifestError(
                at: place, found: "cannot read \(path.printable): \(reason)", expected: "a readable \(what)")
        }
        guard let file = fopen(path, "rbe") else { throw failure() }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: Limit.fileBytes + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else { throw failure() }
        return Array(bytes.prefix(count))
    }

    /// A path as written at `mark` → one that can be opened from the working directory: relative to the manifest's
    /// folder, or for an override to the working directory.
    static func resolve(_ path: String, writtenAt mark: Mark) -> String {
        mark.isOverride ? path : join(folder(of: mark.file), path)
    }

    /// As it is where the system does not say what the working directory is.
    static func absolute(_ path: String) -> String { join((try? File.absolute("")) ?? "", path) }

    /// `pipelines/demo.yaml` → `demo`; always a name that a folder may have.
    static func name(of path: String) -> String {
        let last = (path.split(separator: "/").last ?? "").drop { $0 == "." }
        let stem = last.lastIndex(of: ".").map { last[..<$0] } ?? last
        let name = String(stem.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.map(Character.init))
        return name.isEmpty || name.utf8.count > Limit.name ? "run" : name
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    /// `..` takes a folder away, unless that is a symbolic link: behind one, `..` is elsewhere.
    private static func join(_ folder: String, _ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let root = folder.hasPrefix("/") ? "/" : ""
        var parts = folder.split(separator: "/").filter { $0 != "." }
        for part in path.split(separator: "/") where part != "." {
            let parent = root + parts.joined(separator: "/")
            if part == "..", let last = parts.last, last != "..", !isLink(parent) {
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return parts.isEmpty && root.isEmpty ? "." : root + parts.joined(separator: "/")
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }
}
