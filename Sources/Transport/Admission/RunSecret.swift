/// The shared secret of one run's processes: 32 random bytes, new for every run.
///
/// The coordinator makes it; its children inherit it in their environment, workers started by hand read it from a file that
/// only the run's owner can read. A peer that connects to a socket of the run has to prove that it knows the secret (`Credentials`).
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
        let digits = text.utf8.filter { !" \t\r\n".utf8.contains($0) }
        let values = digits.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 2 * Self.byteCount, values.count == digits.count else { return nil }
        bytes = stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }

    /// 64 hexadecimal digits.
    package var text: String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

extension RunSecret: CustomStringConvertible {
    /// Not the secret: descriptions end up in logs.
    package var description: String { "a run's secret" }
}
