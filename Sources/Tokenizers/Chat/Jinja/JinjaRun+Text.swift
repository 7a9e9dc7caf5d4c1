internal import Systems

/// Values as texts: as they are printed, as Python spells them inside of lists, and as JSON.
extension JinjaRun {
    func text(of value: JinjaValue) throws(JinjaProblem) -> [UInt8] {
        switch value {
        case .string(let text): return text
        case .undefined: return []
        default: return try spelled(value)
        }
    }

    /// Python's `repr`.
    func spelled(_ value: JinjaValue) throws(JinjaProblem) -> [UInt8] {
        switch value {
        case .undefined: return Array("Undefined".utf8)
        case .none: return Array("None".utf8)
        case .bool(let value): return Array((value ? "True" : "False").utf8)
        case .int(let value): return Array("\(value)".utf8)
        case .double(let value): return Array(Self.float(value).utf8)
        case .string(let text): return Self.quoted(text)
        case .list(let list):
            let items = try joined(list.items, spelled)
            if !list.isTuple { return [UInt8(ascii: "[")] + items + [UInt8(ascii: "]")] }
            return Array("(".utf8) + items + Array((list.items.count == 1 ? ",)" : ")").utf8)
        case .dictionary(let dictionary):
            var result = Array("{".utf8)
            for (at, key) in dictionary.keys.enumerated() {
                if at > 0 { result += Array(", ".utf8) }
                result += try spelled(key) + Array(": ".utf8) + spelled(dictionary.values[at])
            }
            try make(result.count)
            return result + Array("}".utf8)
        default: throw problem(.unsupported("printing \(value.type)"))
        }
    }

    private func joined(
        _ items: [JinjaValue], _ spell: (JinjaValue) throws(JinjaProblem) -> [UInt8]
    ) throws(JinjaProblem) -> [UInt8] {
        var result: [UInt8] = []
        for (at, item) in items.enumerated() {
            if at > 0 { result += Array(", ".utf8) }
            result += try spell(item)
        }
        try make(result.count)
        return result
    }

    /// Python's shortest spelling of a number that is read back as the same.
    private static func float(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        let magnitude = value.magnitude
        if magnitude != 0, magnitude < 1e-4 || magnitude >= 1e16 {
            // Swift writes 1e+20; Python's exponents have two digits.
            let parts = "\(value)".split(separator: "e")
            guard parts.count == 2, let exponent = Int(parts[1]) else { return "\(value)" }
            let mantissa = parts[0].hasSuffix(".0") ? parts[0].dropLast(2) : parts[0]
            let digits = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
            return "\(mantissa)e\(exponent < 0 ? "-" : "+")\(digits)"
        }
        return "\(value)"
    }

    /// A text in quotes, as Python writes it.
    private static func quoted(_ text: [UInt8]) -> [UInt8] {
        let quote = text.contains(UInt8(ascii: "'")) && !text.contains(UInt8(ascii: "\"")) ? "\"" : "'"
        var result = quote
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "'" where quote == "'": result += "\\'"
            default:
                if scalar.value < 0x20 || 0x7f...0xa0 ~= scalar.value || scalar.value == 0xad {
                    result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return Array((result + quote).utf8)
    }

    // MARK: JSON

    /// `json.dumps` with `ensure_ascii=False`, as Hugging Face's `tojson`.
    /// - Parameter indent: spaces for each level; nil for one line.
    func json(_ value: JinjaValue, indent: Int?, level: Int = 0) throws(JinjaProblem) -> [UInt8] {
        switch value {
        case .none: return Array("null".utf8)
        case .bool(let value): return Array("\(value)".utf8)
        case .int, .double: return try spelled(value)
        case .string(let text): return Self.jsonQuoted(text)
        case .list(let list):
            var parts: [[UInt8]] = []
            for item in list.items { parts.append(try json(item, indent: indent, level: level + 1)) }
            return try enclosed("[", parts, "]", indent, level)
        case .dictionary(let dictionary):
            var parts: [[UInt8]] = []
            for (key, item) in zip(dictionary.keys, dictionary.values) {
                parts.append(try jsonKey(key) + Array(": ".utf8) + json(item, indent: indent, level: level + 1))
            }
            return try enclosed("{", parts, "}", indent, level)
        default: throw self.value("what JSON has", value)
        }
    }

    private func jsonKey(_ key: JinjaValue) throws(JinjaProblem) -> [UInt8] {
        if case .string(let text) = key { return Self.jsonQuoted(text) }
        return Self.jsonQuoted(try json(key, indent: nil))
    }

    private func enclosed(
        _ open: String, _ parts: [[UInt8]], _ close: String, _ indent: Int?, _ level: Int
    ) throws(JinjaProblem) -> [UInt8] {
        var result = Array(open.utf8)
        func breakLine(_ level: Int) throws(JinjaProblem) {
            guard let indent else { return }
            try make(indent * level)
            result += [10] + Array(repeating: 32, count: indent * level)
        }
        for (at, part) in parts.enumerated() {
            if at > 0 { result += Array((indent == nil ? ", " : ",").utf8) }
            try breakLine(level + 1)
            result += part
        }
        if !parts.isEmpty { try breakLine(level) }
        try make(result.count)
        return result + Array(close.utf8)
    }

    private static func jsonQuoted(_ text: [UInt8]) -> [UInt8] {
        var result = Array("\"".utf8)
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""): result += Array("\\\"".utf8)
            case UInt8(ascii: "\\"): result += Array("\\\\".utf8)
            case 10: result += Array("\\n".utf8)
            case 13: result += Array("\\r".utf8)
            case 9: result += Array("\\t".utf8)
            case 8: result += Array("\\b".utf8)
            case 12: result += Array("\\f".utf8)
            case 0..<32: result += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: result.append(byte)
            }
        }
        return result + Array("\"".utf8)
    }
}
