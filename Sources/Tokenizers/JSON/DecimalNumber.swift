/// A number as JSON writes it: digits and a power of ten.
///
/// Scores of tokens are sums of such numbers, and of two ways to write a word the larger sum wins. So the value is what
/// the field's reference has, which rounds twice: the digits to a double, then that divided by the power of ten.
struct DecimalNumber {
    private var isNegative = false
    private var digits: UInt64 = 0
    private var exponent = 0
    private var isWellFormed = false

    private static let powers = (0...308).map { Double("1e\($0)") ?? .infinity }

    init(_ text: Slice<UnsafeBufferPointer<UInt8>>) {
        var rest = text[...]
        isNegative = Self.take(UInt8(ascii: "-"), from: &rest)
        let startsWithZero = rest.first == 0x30
        let whole = addDigits(from: &rest, areFraction: false)
        guard whole > 0, !startsWithZero || whole == 1 else { return }
        if Self.take(UInt8(ascii: "."), from: &rest), addDigits(from: &rest, areFraction: true) == 0 { return }
        if Self.take(UInt8(ascii: "e"), from: &rest) || Self.take(UInt8(ascii: "E"), from: &rest) {
            let isBelow = Self.take(UInt8(ascii: "-"), from: &rest)
            if !isBelow { _ = Self.take(UInt8(ascii: "+"), from: &rest) }
            guard let power = Self.power(&rest) else { return }
            exponent += isBelow ? -power : power
        }
        isWellFormed = rest.isEmpty
    }

    /// nil for what is no number, or one that no double holds.
    var value: Double? {
        guard isWellFormed else { return nil }
        var value = Double(digits)
        var exponent = exponent
        while exponent < -308, value != 0 {
            value /= Self.powers[308]
            exponent += 308
        }
        if value != 0 {
            guard exponent <= 308 else { return nil }
            value = exponent < 0 ? value / Self.powers[-exponent] : value * Self.powers[exponent]
        }
        return value.isFinite ? (isNegative ? -value : value) : nil
    }

    /// How many digits there are. Those that 64 bits do not hold count for the power of ten only.
    private mutating func addDigits(from rest: inout Slice<UnsafeBufferPointer<UInt8>>, areFraction: Bool) -> Int {
        var count = 0
        var isFull = false
        while let byte = rest.first, (0x30...0x39).contains(byte) {
            rest.removeFirst()
            count += 1
            let (tens, overflow) = digits.multipliedReportingOverflow(by: 10)
            let (sum, overflowToo) = tens.addingReportingOverflow(UInt64(byte - 0x30))
            isFull = isFull || overflow || overflowToo
            if !isFull { digits = sum }
            if isFull != areFraction { exponent += areFraction ? -1 : 1 }
        }
        return count
    }

    private static func take(_ byte: UInt8, from rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    private static func power(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        var power: Int?
        while let byte = rest.first, (0x30...0x39).contains(byte) {
            rest.removeFirst()
            power = min((power ?? 0) * 10 + Int(byte - 0x30), 100_000)
        }
        return power
    }
}
