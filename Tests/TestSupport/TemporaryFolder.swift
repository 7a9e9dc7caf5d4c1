public import Foundation
import Glibc

/// A folder that goes with the value's last reference, and with it every process that works in it.
public final class TemporaryFolder: Sendable {
    public let path: String

    public init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("echelon-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        for process in processes { kill(process.id, SIGKILL) }
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The processes with this folder in their command line.
    public var processes: [ProcessTable.Entry] {
        ProcessTable.entries(mentioning: path).filter { $0.id != getpid() }
    }

    public func file(_ name: String) -> String { path + "/" + name }

    public func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    /// - Returns: the file's path.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String { try write(Data(text.utf8), to: name) }

    @discardableResult
    public func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    /// A raw file of u16 tokens.
    @discardableResult
    public func write(tokens: [UInt16], to name: String) throws -> String {
        try write(Data(tokens.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }), to: name)
    }

    public func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }

    public func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    /// Every file below, by its path from here.
    public var files: [String] {
        (FileManager.default.enumerator(atPath: path)?.allObjects ?? []).compactMap { $0 as? String }.sorted()
    }
}
