import Systems

/// The shared secret of one run's processes: 32 random bytes, new for every run.
///
/// The coordinator makes it; its children inherit it in their environment, workers started by hand without keys of their own
/// read it from a file that only the run's owner can read. It is the password of ipc sockets, and on loopback the key of the
/// coordinator's port (`Terms`).
package struct RunSecret: Hashable, Sendable {
    package static let byteCount = 32
    package let bytes: [UInt8]

    /// A new one, from the system's random numbers.
    package init() {
        var source = SystemRandomNumberGenerator()
        bytes = (0..<Self.byteCount).map { _ in source.next() }
    }

    /// Reads `text`; nil unless it is 64 hexadecimal digits, with white space around them or none.
    package init?(_ text: some StringProtocol) {
        guard let bytes = [UInt8](hexadecimal: text, count: Self.byteCount) else { return nil }
        self.bytes = bytes
    }

    /// 64 hexadecimal digits.
    package var text: String { bytes.hexadecimal }
}

extension RunSecret: CustomStringConvertible {
    /// Not the secret: descriptions end up in logs.
    package var description: String { "a run's secret" }
}
