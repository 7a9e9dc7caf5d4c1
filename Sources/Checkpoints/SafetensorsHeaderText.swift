import Systems
internal import Tensors

/// Writes the header of a safetensors file.
enum SafetensorsHeaderText {
    /// Eight bytes of length, then the JSON, padded with spaces so that both take a multiple of eight bytes.
    static func encode(_ tensors: [StoredTensor], _ metadata: [String: String]) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            members.append(
                "\"__metadata__\":{" + pairs.map { string($0) + ":" + string($1) }.joined(separator: ",") + "}")
        }
        for tensor in tensors {
            let extents = tensor.shape.extents.map(String.init).joined(separator: ",")
            members.append(
                string(tensor.name) + ":{\"dtype\":\"\(tensor.type.rawValue)\",\"shape\":[\(extents)],"
                    + "\"data_offsets\":[\(tensor.range.lowerBound),\(tensor.range.upperBound)]}")
        }
        var json = Array("{\(members.joined(separator: ","))}".utf8)
        json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }

    /// A string as JSON has it.
    static func string(_ text: String) -> String {
        "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    private static func escaped(_ scalar: UnicodeScalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\u{08}": return "\\b"
        case "\u{0C}": return "\\f"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{00}"..<"\u{20}": return "\\u" + scalar.value.digits(4, radix: 16)
        default: return String(scalar)
        }
    }
}
