/// A Unicode scalar at a place of valid UTF-8.
struct ScalarAt {
    var value: UInt32
    var byteCount: Int
}

extension UnsafeBufferPointer<UInt8> {
    /// The scalar that begins at this byte. The bytes must be valid UTF-8 and `at` the border of a scalar inside it.
    @inline(__always) func scalar(at index: Int) -> ScalarAt {
        let first = UInt32(self[index])
        if first < 0x80 { return ScalarAt(value: first, byteCount: 1) }
        let second = UInt32(self[index + 1] & 0x3F)
        if first < 0xE0 { return ScalarAt(value: (first & 0x1F) << 6 | second, byteCount: 2) }
        let third = UInt32(self[index + 2] & 0x3F)
        if first < 0xF0 { return ScalarAt(value: (first & 0x0F) << 12 | second << 6 | third, byteCount: 3) }
        let fourth = UInt32(self[index + 3] & 0x3F)
        return ScalarAt(value: (first & 0x07) << 18 | second << 12 | third << 6 | fourth, byteCount: 4)
    }

    /// The scalar that ends before this byte, likewise.
    @inline(__always) func scalar(before index: Int) -> ScalarAt {
        var start = index - 1
        while self[start] & 0xC0 == 0x80 { start -= 1 }
        return scalar(at: start)
    }

    /// The first byte that is no UTF-8; nil where all is.
    func firstInvalidByte() -> Int? {
        var at = 0
        while at < count {
            // Eight ASCII bytes at a time: most texts are mostly that.
            while at + 8 <= count,
                UnsafeRawBufferPointer(self).loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080
                    == 0
            {
                at += 8
            }
            guard at < count else { return nil }
            guard let length = scalarLength(at) else { return at }
            at += length
        }
        return nil
    }

    /// Bytes of the scalar that begins here; nil where none does (The Unicode Standard, table 3-7).
    private func scalarLength(_ at: Int) -> Int? {
        let first = self[at]
        if first < 0x80 { return 1 }
        func continues(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            at + offset < count && range.contains(self[at + offset])
        }
        switch first {
        case 0xC2...0xDF: return continues(1) ? 2 : nil
        case 0xE0...0xEF:
            let second: ClosedRange<UInt8> = first == 0xE0 ? 0xA0...0xBF : first == 0xED ? 0x80...0x9F : 0x80...0xBF
            return continues(1, second) && continues(2) ? 3 : nil
        case 0xF0...0xF4:
            let second: ClosedRange<UInt8> = first == 0xF0 ? 0x90...0xBF : first == 0xF4 ? 0x80...0x8F : 0x80...0xBF
            return continues(1, second) && continues(2) && continues(3) ? 4 : nil
        default: return nil
        }
    }
}

extension [UInt8] {
    /// Appends a scalar's UTF-8. The value must be a scalar's.
    @inline(__always) mutating func append(scalar value: UInt32) {
        if value < 0x80 {
            append(UInt8(value))
        } else if value < 0x800 {
            append(UInt8(0xC0 | value >> 6))
            append(UInt8(0x80 | value & 0x3F))
        } else if value < 0x10000 {
            append(UInt8(0xE0 | value >> 12))
            append(UInt8(0x80 | value >> 6 & 0x3F))
            append(UInt8(0x80 | value & 0x3F))
        } else {
            append(UInt8(0xF0 | value >> 18))
            append(UInt8(0x80 | value >> 12 & 0x3F))
            append(UInt8(0x80 | value >> 6 & 0x3F))
            append(UInt8(0x80 | value & 0x3F))
        }
    }
}

/// How many bytes a scalar has in UTF-8.
@inline(__always) func utf8Length(_ value: UInt32) -> Int {
    value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4
}
