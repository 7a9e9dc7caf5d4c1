import Systems

/// A manifest's text, and the paths inside it.
package enum ManifestFile {
    /// The file's nodes. `mark` is where the file is named; nil when the command line names it.
    package static func read(_ path: String, namedAt mark: Mark? = nil) throws(ManifestError) -> YAMLNode {
        try NodeComposer.compose(text(path, namedAt: mark, what: "manifest"), file: path)
    }

    /// The text of a file that is called `what`.
    package static func text(_ path: String, namedAt mark: Mark?, what: String) throws(ManifestError) -> String {
        let bytes = try bytes(path, namedAt: mark, what: what)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let bad = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
            let mark = Mark(file: path, line: bad + 1, column: 1)
            throw ManifestError(at: mark, found: "bytes that are no UTF-8 text", expected: "UTF-8")
        }
        return text
    }

    private static func bytes(_ path: String, namedAt mark: Mark?, what: String) throws(ManifestError) -> [UInt8] {
        do {
            return try File.read(path, limit: Limit.fileBytes)
        } catch {
            if case .tooLarge = error.reason {
                throw ManifestError(
                    at: Mark(file: path, line: 1, column: 1), found: "more than \(Limit.fileBytes) bytes",
                    expected: "a \(what) of at most \(Limit.fileBytes) bytes")
            }
            throw ManifestError(
                at: mark ?? Mark(file: path, line: 1, column: 1),
                found: SystemError("read", path, error.reason).description, expected: "a readable \(what)")
        }
    }

    /// A path as written at `mark` → one that can be opened from the working directory: relative to the manifest's
    /// folder, or for an override to the working directory.
    package static func resolve(_ path: String, writtenAt mark: Mark) -> String {
        mark.isOverride ? path : join(folder(of: mark.file), path)
    }

    /// From the root; as it is where the working directory is gone, so that a relative path names nothing.
    package static func absolute(_ path: String) -> String {
        (try? File.absolute(".")).map { join($0, path) } ?? path
    }

    /// `pipelines/demo.yaml` → `demo`; always a name that a folder may have.
    package static func name(of path: String) -> String {
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
            if part == "..", let last = parts.last, last != "..", !File.isLink(parent) {
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return parts.isEmpty && root.isEmpty ? "." : root + parts.joined(separator: "/")
    }
}
