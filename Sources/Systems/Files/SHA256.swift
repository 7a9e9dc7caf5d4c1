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
    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let rounds: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]

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
        guard bytes.count > 0 else { return }
        state.withUnsafeMutableBufferPointer { state in
            Self.rounds.withUnsafeBufferPointer { rounds in
                withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
                    for start in stride(from: 0, to: bytes.count, by: Self.blockBytes) {
                        Self.fill(words, bytes, start)
                        Self.compress(state, words, rounds)
                    }
                }
            }
        }
    }

    private static func fill(
        _ words: UnsafeMutableBufferPointer<UInt32>, _ bytes: UnsafeRawBufferPointer, _ start: Int
    ) {
        for index in 0..<16 {
            words[index] = UInt32(
                bigEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * index, as: UInt32.self))
        }
        for index in 16..<64 {
            let (early, late) = (words[index - 15], words[index - 2])
            let first = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
            let second = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
            words[index] = words[index - 16] &+ first &+ words[index - 7] &+ second
        }
    }

    private static func compress(
        _ state: UnsafeMutableBufferPointer<UInt32>, _ words: UnsafeMutableBufferPointer<UInt32>,
        _ rounds: UnsafeBufferPointer<UInt32>
    ) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let choice = (e & f) ^ (~e & g)
            let first = h &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) &+ choice &+ rounds[index] &+ words[index]
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ majority
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        for (index, value) in [a, b, c, d].enumerated() { state[index] &+= value }
        for (index, value) in [e, f, g, h].enumerated() { state[index + 4] &+= value }
    }

    @inline(__always) private static func rotate(_ value: UInt32, _ by: UInt32) -> UInt32 {
        value >> by | value << (32 - by)
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
