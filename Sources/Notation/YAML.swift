import Systems

/// How values are written.
public enum YAML {
    /// `[a, b]`
    public static func list(_ values: [String]) -> String { "[\(values.joined(separator: ", "))]" }

    /// The shortest text that reads back as the same number.
    public static func number(_ value: Double) -> String { "\(value)" }

    package static func path(_ path: String) -> String { quoted(ManifestFile.absolute(path)) }

    /// Text in quotes, on one line, whatever it holds.
    public static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case "\u{85}", "\u{2028}", "\u{2029}", "\u{FEFF}": "\\u" + hexadecimal(scalar)
            default: scalar.value < 32 || scalar.value == 127 ? "\\u" + hexadecimal(scalar) : String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String { scalar.value.digits(4, radix: 16) }
}
