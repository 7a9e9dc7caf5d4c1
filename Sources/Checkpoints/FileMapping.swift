internal import Glibc

/// A file mapped for reading: its pages come in as they are touched. It must not shrink while it is mapped.
final class FileMapping: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer

    /// Throws when there is no regular file that can be read.
    init(path: String) throws(CheckpointError) {
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
}

extension CheckpointError {
    /// What a system call's error code says of the operation; `errno` unless given.
    static func system(_ path: String, _ operation: String, _ code: Int32 = errno) -> CheckpointError {
        .file(path: path, operation: operation, reason: String(cString: strerror(code)))
    }

    init(_ problem: FormatProblem, in path: String) {
        self = .malformed(path: path, place: problem.place, expected: problem.expected, got: problem.got)
    }
}
