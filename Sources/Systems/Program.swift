import Glibc

/// This program's own file.
package enum Program {
    /// Starts this very file, also after another was put in its place.
    package static let executable = "/proc/self/exe"

    /// Its path from the root, for people and process lists; the name that it was called by where the system does not say.
    package static var path: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(executable, &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return CommandLine.arguments.first ?? "echelon" }
        let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        // What the system says once another file was put in its place.
        let mark = " (deleted)"
        return path.hasSuffix(mark) && !File.exists(path) ? String(path.dropLast(mark.count)) : path
    }
}

extension StringProtocol {
    /// One word for a shell: as it is where no character has a meaning there, else in single quotes, or as `$'…'` where a
    /// terminal would act on a character.
    ///
    ///     "my runs/x".shellQuoted   // 'my runs/x'
    package var shellQuoted: String {
        let plain = utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "/._-+:,@%".utf8.contains(byte)
            }
        }
        if plain, !isEmpty { return String(self) }
        if printable(limit: .max) != String(self) { return "$'" + utf8.map(Self.ansiC).joined() + "'" }
        return "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// A byte inside `$'…'`, as bash, zsh and ksh read it.
    private static func ansiC(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\\"): "\\" + String(UnicodeScalar(byte))
        case 0x20..<0x7f: String(UnicodeScalar(byte))
        default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
}
