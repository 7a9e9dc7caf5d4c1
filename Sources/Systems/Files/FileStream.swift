import Glibc

/// A file that is read from its beginning to its end, a piece at a time: memory does not depend on its size.
package final class FileStream {
    package let path: String
    private let file: Int32
    /// When it was opened.
    private let byteCount: Int
    /// Of the next byte to read.
    package private(set) var offset = 0

    package init(_ path: String) throws(SystemError) {
        self.path = path
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw SystemError("open", path) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw SystemError("read", path, errno: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        byteCount = Int(status.st_size)
    }

    deinit { close(file) }

    /// Behind the size that a file had, it is read in pieces of so many bytes.
    private static let smallPiece = 4096

    /// Appends the next bytes, at most so many: memory for a small file is small.
    /// - Returns: how many; 0 at the end.
    package func read(_ most: Int, into bytes: inout [UInt8]) throws(SystemError) -> Int {
        let before = bytes.count
        let count = min(most, max(Self.smallPiece, byteCount - offset))
        var failure: Int32 = 0
        let piece = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = Glibc.read(file, buffer.baseAddress! + filled, count - filled)
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = errno }
                guard got > 0 else { return }
                filled += got
            }
        }
        guard failure == 0 else { throw SystemError("read", path, errno: failure) }
        bytes += piece
        offset += piece.count
        return bytes.count - before
    }
}
