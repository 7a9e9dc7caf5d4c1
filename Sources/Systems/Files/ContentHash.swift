import Glibc

/// What a file or a text holds, as one number: XXH64 with seed 0 over all bytes (https://github.com/Cyan4973/xxHash), and
/// how many those are. Made for telling honest copies apart at the speed of memory, not for withstanding forgery.
///
///     ContentHash(Array("abc".utf8)).description   // 3 bytes, hash 44bc2cf5ad770999
package struct ContentHash: Hashable, Sendable, CustomStringConvertible {
    package var value: UInt64
    package var byteCount: Int

    package init(_ bytes: [UInt8]) {
        var state = XXH64()
        bytes.withUnsafeBytes { state.add($0) }
        self.init(state)
    }

    /// Reads the whole file, once: with calls, not through a mapping, so that a file that shrinks meanwhile is no crash.
    /// - Throws: also where the file changes while it is read.
    package init(path: String) throws(SystemError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw SystemError("open", path) }
        defer { close(file) }
        let before = try FileIdentity(descriptor: file, path: path)
        posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 64)
        defer { buffer.deallocate() }
        var state = XXH64()
        while true {
            let count = try Self.fill(buffer, from: file, path)
            state.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            if count < buffer.count { break }
        }
        guard try FileIdentity(descriptor: file, path: path).hasSameContents(as: before) else {
            throw SystemError("read", path, .changed)
        }
        self.init(state)
    }

    private init(_ state: XXH64) {
        value = state.finish()
        byteCount = Int(clamping: state.total)
    }

    /// A multiple of XXH64's 32 bytes.
    private static let chunk = 1 << 20

    /// Reads until the buffer is full or the file ends.
    private static func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from file: Int32, _ path: String
    ) throws(SystemError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = read(file, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read", path) }
            guard count > 0 else { break }
            filled += count
        }
        return filled
    }

    package var description: String { "\(byteCount) bytes, hash \(value.digits(16, radix: 16))" }
}

/// The state of XXH64 between pieces: four lanes over stripes of 32 bytes, and what is left of the last stripe.
struct XXH64 {
    private static let primes: [UInt64] = [
        0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63,
        0x27D4_EB2F_1656_67C5,
    ]
    private static let (p1, p2, p3, p4, p5) = (primes[0], primes[1], primes[2], primes[3], primes[4])

    private var lanes = SIMD4<UInt64>(p1 &+ p2, p2, 0, 0 &- p1)
    private var rest: [UInt8] = []
    private(set) var total: UInt64 = 0

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        total &+= UInt64(bytes.count)
        guard rest.isEmpty else {
            // Only after a piece that was no whole number of stripes.
            let joined = rest + bytes
            rest = []
            return joined.withUnsafeBytes { addStripes($0) }
        }
        addStripes(bytes)
    }

    private mutating func addStripes(_ bytes: UnsafeRawBufferPointer) {
        let (p1, p2) = (Self.p1, Self.p2)
        var (a, b, c, d) = (lanes[0], lanes[1], lanes[2], lanes[3])
        var at = 0
        while bytes.count - at >= 32 {
            a = Self.rotate(a &+ Self.word(bytes, at) &* p2, 31) &* p1
            b = Self.rotate(b &+ Self.word(bytes, at + 8) &* p2, 31) &* p1
            c = Self.rotate(c &+ Self.word(bytes, at + 16) &* p2, 31) &* p1
            d = Self.rotate(d &+ Self.word(bytes, at + 24) &* p2, 31) &* p1
            at += 32
        }
        lanes = SIMD4(a, b, c, d)
        rest = Array(bytes[at...])
    }

    func finish() -> UInt64 {
        let (p1, p2, p3, p4, p5) = (Self.p1, Self.p2, Self.p3, Self.p4, Self.p5)
        var hash = p5
        if total >= 32 {
            hash =
                Self.rotate(lanes[0], 1) &+ Self.rotate(lanes[1], 7) &+ Self.rotate(lanes[2], 12)
                &+ Self.rotate(lanes[3], 18)
            for lane in 0..<4 {
                hash = (hash ^ Self.rotate(lanes[lane] &* p2, 31) &* p1) &* p1 &+ p4
            }
        }
        hash &+= total
        rest.withUnsafeBytes { bytes in
            var at = 0
            while bytes.count - at >= 8 {
                hash = Self.rotate(hash ^ Self.rotate(Self.word(bytes, at) &* p2, 31) &* p1, 27) &* p1 &+ p4
                at += 8
            }
            if bytes.count - at >= 4 {
                let word = UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
                hash = Self.rotate(hash ^ word &* p1, 23) &* p2 &+ p3
                at += 4
            }
            while at < bytes.count {
                hash = Self.rotate(hash ^ UInt64(bytes[at]) &* p5, 11) &* p1
                at += 1
            }
        }
        hash = (hash ^ hash >> 33) &* p2
        hash = (hash ^ hash >> 29) &* p3
        return hash ^ hash >> 32
    }

    @inline(__always) private static func rotate(_ value: UInt64, _ by: UInt64) -> UInt64 {
        value << by | value >> (64 - by)
    }

    @inline(__always) private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }
}
