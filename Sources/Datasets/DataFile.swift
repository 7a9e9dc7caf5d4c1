internal import Synchronization
internal import Systems

/// A data file, read into the caller's memory.
///
/// A file that shrinks, or whose contents are replaced in place, is an error with its name at the next read; one that
/// grows, or of which only the time stamp changes, is read on.
package final class DataFile: Sendable {
    package let path: String
    /// When it was opened.
    package let byteCount: Int
    private let file: RegularFile
    private let contents: ContentSample
    /// The time stamp up to which the contents are known to be those of the beginning.
    private let known: Atomic<Int>

    /// Throws when there is no regular file that can be read, or a Git LFS pointer stands in its place.
    /// - Parameter staysOpen: costs a descriptor; else the file is opened for each read.
    package init(path: String, staysOpen: Bool = true) throws(DatasetError) {
        do {
            file = try RegularFile(path, staysOpen: staysOpen)
            contents = try ContentSample(of: file)
            if ForeignFile(head: try file.head(ForeignFile.headCount)) == .lfsPointer {
                throw DatasetError.foreign(path: path, kind: "\(ForeignFile.lfsPointer)")
            }
        } catch {
            throw Self.datasetError(error)
        }
        self.path = path
        byteCount = file.byteCount
        known = Atomic(file.identity.modified)
    }

    /// Fills `out` with the bytes from `offset` on.
    package func read(at offset: Int, into out: UnsafeMutableRawBufferPointer) throws(DatasetError) {
        do {
            let identity = try file.read(at: offset, into: out)
            guard identity.modified != known.load(ordering: .relaxed) else { return }
            guard try ContentSample(of: file) == contents else { throw SystemError("read", path, .changed) }
            known.store(identity.modified, ordering: .relaxed)
        } catch {
            throw Self.datasetError(error)
        }
    }

    /// Throws where the file is one that holds no raw numbers, as its first bytes tell: a NumPy file's header would be
    /// read as tokens.
    func requireRawNumbers() throws(DatasetError) {
        let kind: ForeignFile?
        do { kind = ForeignFile(head: try file.head(ForeignFile.headCount)) } catch { throw Self.datasetError(error) }
        guard let kind, [.numpy, .torch, .zip, .gguf, .hdf5].contains(kind) else { return }
        let advice = kind == .numpy ? ": write raw numbers with array.tofile(…)" : ""
        throw .foreign(path: path, kind: "\(kind)\(advice)")
    }

    /// Throws where the file is known to be no text.
    func requireText() throws(DatasetError) {
        let kind: ForeignFile?
        do { kind = ForeignFile(head: try file.head(ForeignFile.headCount)) } catch { throw Self.datasetError(error) }
        guard let kind, kind != .json, kind != .empty else { return }
        throw .foreign(path: path, kind)
    }

    /// Tells the kernel how the file will be read. Only speed depends on it.
    package func prepare(for order: SampleOrder) { file.advise(inOrder: order == .sequential) }

    var identity: FileIdentity { file.identity }

    private static func datasetError(_ error: any Error) -> DatasetError {
        switch error {
        case let error as SystemError: .file(path: error.path, operation: error.operation, reason: error.explanation)
        case let error as DatasetError: error
        default: .file(path: "", operation: "read", reason: "\(error)")
        }
    }
}

/// A digest of sixteen blocks that lie evenly over a file: tells new contents from old ones behind a new time stamp, without reading all.
private struct ContentSample: Equatable {
    private var digest: Int

    private static let blocks = 16
    private static let blockBytes = 4096

    init(of file: RegularFile) throws(SystemError) {
        var hasher = Hasher()
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockBytes, alignment: 64)
        defer { block.deallocate() }
        let last = max(0, file.byteCount - Self.blockBytes)
        // Blocks of a small file overlap: all of it is read.
        let step = last / (Self.blocks - 1) + 1
        for start in stride(from: 0, through: last, by: step) {
            let part = UnsafeMutableRawBufferPointer(rebasing: block[..<min(block.count, file.byteCount - start)])
            try file.read(at: start, into: part)
            hasher.combine(bytes: UnsafeRawBufferPointer(part))
        }
        digest = hasher.finalize()
    }
}
