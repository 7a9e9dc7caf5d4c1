internal import Glibc

/// A file mapped for reading: its pages come in as they are touched and cost no memory of our own.
///
/// The file must not shrink while it is mapped.
public final class MappedFile: @unchecked Sendable {
    public let path: String
    public let bytes: UnsafeRawBufferPointer

    /// Throws when there is no regular file that can be read.
    public init(path: String) throws(DatasetError) {
        // Without O_NONBLOCK, opening a named pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(path, "open") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path, "examine") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .file(path: path, operation: "map", reason: "not a regular file")
        }
        let count = Int(status.st_size)
        self.path = path
        // There is no such thing as an empty mapping.
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let address = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), address != MAP_FAILED else {
            throw .system(path, "map")
        }
        bytes = UnsafeRawBufferPointer(start: address, count: count)
    }

    deinit {
        if let address = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: address), bytes.count) }
    }

    /// Tells the kernel how the file will be read. Only speed depends on it.
    public func prepare(for order: SampleOrder) {
        guard let address = bytes.baseAddress else { return }
        let advice = order == .sequential ? MADV_SEQUENTIAL : MADV_RANDOM
        madvise(UnsafeMutableRawPointer(mutating: address), bytes.count, Int32(advice))
    }
}

extension DatasetError {
    /// What `errno` says of an operation that has just failed.
    static func system(_ path: String, _ operation: String) -> DatasetError {
        .file(path: path, operation: operation, reason: String(cString: strerror(errno)))
    }
}
