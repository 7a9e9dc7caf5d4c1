import Glibc

/// Reads the whole lines that a growing file gained since the last look.
struct LineTail {
    private let path: String
    /// Of the next byte to read.
    private var position = 0
    private var file: UInt64 = 0
    /// Bytes of one look: a longer line is passed over in pieces.
    private static let limit = 4 << 20

    init(_ path: String) { self.path = path }

    struct News {
        /// Whole lines, without their ends.
        var lines: [ArraySlice<UInt8>] = []
        /// It is another file than before, or was cut short: all that was read of it is void.
        var isNew = false
    }

    /// - Returns: nothing while there is no file. Where it has more than one look takes, the next one goes on.
    mutating func read() -> News {
        var news = News()
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return news }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return news }
        if UInt64(status.st_ino) != file || Int(status.st_size) < position {
            news.isNew = file != 0
            (position, file) = (0, UInt64(status.st_ino))
        }
        let bytes = bytes(of: descriptor, count: min(Self.limit, Int(status.st_size) - position))
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
            if bytes.count == Self.limit { position += bytes.count }
            return news
        }
        position += end + 1
        news.lines = bytes[..<end].split(separator: UInt8(ascii: "\n"))
        return news
    }

    private func bytes(of descriptor: Int32, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: max(0, count)) { buffer, filled in
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(position + filled))
                guard got > 0 else { return }
                filled += got
            }
        }
    }
}
