extension BinaryInteger {
    /// The number with zeros before it, up to so many digits: `7.digits(4)` is `0007`. A longer one stays as it is.
    package func digits(_ width: Int, radix: Int = 10) -> String {
        let text = String(self, radix: radix)
        return String(repeating: "0", count: Swift.max(0, width - text.utf8.count)) + text
    }
}

extension [UInt8] {
    /// Two hexadecimal digits a byte: `7f0a`.
    package var hexadecimal: String { map { $0.digits(2, radix: 16) }.joined() }

    /// nil unless `hexadecimal` is `2 * count` digits, with white space around and between them or none.
    package init?(hexadecimal: some StringProtocol, count: Int) {
        let digits = hexadecimal.utf8.filter { !" \t\r\n".utf8.contains($0) }
        let values = digits.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 2 * count, values.count == digits.count else { return nil }
        self = stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
