import CHashes
import Glibc

/// SHA-256 (FIPS 180-4) of bytes that come in pieces: what a file must hold, also where somebody might want it to hold
/// something else.
///
///     var hash = SHA256()
///     hash.add(Array("abc".utf8))
///     hash.finish()   // "ba7816bf…"
package struct SHA256: Sendable {
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    /// What no whole block came of yet.
    private var rest: [UInt8] = []
    private var total: UInt64 = 0

    private static let blockBytes = 64

    package init() {}

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        total &+= UInt64(bytes.count)
        var bytes = bytes
        if !rest.isEmpty {
            let head = min(Self.blockBytes - rest.count, bytes.count)
            rest += bytes[..<head]
            bytes = UnsafeRawBufferPointer(rebasing: bytes[head...])
            guard rest.count == Self.blockBytes else { return }
            let block = rest
            rest = []
            block.withUnsafeBytes { addBlocks($0) }
        }
        let whole = bytes.count - bytes.count % Self.blockBytes
        addBlocks(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
        rest = Array(bytes[whole...])
    }

    package mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

    /// The hash in 64 hexadecimal digits.
    package mutating func finish() -> String {
        let bits = total &* 8
        let zeros = (2 * Self.blockBytes - 9 - rest.count) % Self.blockBytes
        add(
            [0x80] + [UInt8](repeating: 0, count: zeros)
                + (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) })
        return state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    private mutating func addBlocks(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0, let base = bytes.baseAddress else { return }
        state.withUnsafeMutableBufferPointer { state in
            ch_sha256(state.baseAddress, base.assumingMemoryBound(to: UInt8.self), bytes.count / Self.blockBytes)
        }
    }
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
