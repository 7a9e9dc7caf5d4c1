import Glibc
import Systems

/// A folder in memory for what is read by its path. It lies there until the system starts again: a fuzzer's end is often a
/// crash.
struct FuzzFolder: Sendable {
    let path: String

    init(_ name: String) {
        path = "/dev/shm/echelon-fuzz-\(getpid())-\(name)"
        mkdir(path, 0o700)
    }

    /// Makes a file's bytes these.
    /// - Returns: its path.
    @discardableResult
    func put(_ bytes: [UInt8], as name: String) -> String {
        let path = "\(path)/\(name)"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(file >= 0, "cannot write \(path)")
        defer { close(file) }
        precondition(write(file, bytes, bytes.count) == bytes.count, "cannot write \(path)")
        return path
    }

    func makeFolder(_ name: String) { mkdir("\(path)/\(name)", 0o700) }
}

extension [UInt8] {
    /// The input in parts, where a target takes several files: what stands between bytes of 0xFF, which no text holds.
    func parts(_ count: Int) -> [[UInt8]] {
        let parts = split(separator: 0xFF, maxSplits: count - 1, omittingEmptySubsequences: false).map { Array($0) }
        return parts + Swift.Array(repeating: [], count: count - parts.count)
    }

    var text: String { String(decoding: self, as: UTF8.self) }
}
