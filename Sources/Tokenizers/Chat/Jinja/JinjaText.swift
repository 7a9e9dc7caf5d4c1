/// Texts as Python takes them: characters are Unicode scalars, and two texts are equal where their bytes are.
enum JinjaText {
    static func isASCIISpace(_ byte: UInt8) -> Bool { 9...13 ~= byte || byte == 32 || 28...31 ~= byte }

    /// `str.isspace`.
    static func isSpace(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 9...13, 28...32, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000: true
        default: false
        }
    }

    static func scalars(_ text: some Collection<UInt8>) -> [UnicodeScalar] {
        Array(String(decoding: text, as: UTF8.self).unicodeScalars)
    }

    static func bytes(_ scalars: some Sequence<UnicodeScalar>) -> [UInt8] {
        var result: [UInt8] = []
        for scalar in scalars { result.append(scalar: scalar.value) }
        return result
    }

    static func count(_ text: some Collection<UInt8>) -> Int { text.count { $0 & 0xc0 != 0x80 } }

    /// Without the characters at its start that `isDropped` names.
    static func withoutLeading(_ text: ArraySlice<UInt8>, _ isDropped: (UInt32) -> Bool) -> ArraySlice<UInt8> {
        text.withUnsafeBufferPointer { bytes in
            var at = 0
            while at < bytes.count, case let scalar = bytes.scalar(at: at), isDropped(scalar.value) {
                at += scalar.byteCount
            }
            return text.dropFirst(at)
        }
    }

    static func withoutTrailing(_ text: ArraySlice<UInt8>, _ isDropped: (UInt32) -> Bool) -> ArraySlice<UInt8> {
        text.withUnsafeBufferPointer { bytes in
            var at = bytes.count
            while at > 0, case let scalar = bytes.scalar(before: at), isDropped(scalar.value) { at -= scalar.byteCount }
            return text.prefix(at)
        }
    }

    static func withoutLeadingSpace(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> { withoutLeading(text, isSpace) }

    static func withoutTrailingSpace(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> { withoutTrailing(text, isSpace) }

    static func trimmed(_ text: [UInt8]) -> [UInt8] {
        Array(withoutTrailingSpace(withoutLeadingSpace(text[...])))
    }
}
