import Crypto
import Glibc

/// SHA-256 (FIPS 180-4) of bytes that come in pieces: what a file must hold, also where somebody might want it to hold
/// something else.
///
///     var hash = SHA256()
///     hash.add(Array("abc".utf8))
///     hash.finish()   // "ba7816bf…"
package struct SHA256: Sendable {
    private var state = Crypto.SHA256()

    package init() {}

    package mutating func add(_ bytes: UnsafeRawBufferPointer) { state.update(bufferPointer: bytes) }

    package mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

    /// The hash of all pieces, in 64 hexadecimal digits.
    package func finish() -> String { Array(state.finalize()).hexadecimal }
}

extension SHA256 {
    /// The hash of a whole file, which is read once, a piece at a time.
    /// - Throws: where it cannot be read.
    package static func hash(ofFile path: String) throws(SystemError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw SystemError("open", path) }
        defer { close(file) }
        posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var hash = SHA256()
        while true {
            let count = read(file, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read", path) }
            guard count > 0 else { return hash.finish() }
            hash.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The hash of a text or of other bytes in memory.
    package static func hash(_ bytes: some Sequence<UInt8>) -> String {
        var hash = SHA256()
        hash.add(Array(bytes))
        return hash.finish()
    }
}
