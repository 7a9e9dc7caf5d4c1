/// A part of a template's text.
struct JinjaToken: Hashable {
    enum Kind: Hashable {
        /// What stands between tags.
        case text([UInt8])
        case blockBegin, blockEnd
        case outputBegin, outputEnd
        case name(String)
        case string([UInt8])
        case integer(Int)
        case float(Double)
        /// An operator or a bracket.
        case sign(String)
        case end
    }

    var kind: Kind
    var line: Int
}

extension JinjaToken.Kind {
    /// As a message shows it.
    var shown: String {
        switch self {
        case .text: "text"
        case .blockBegin: "{%"
        case .blockEnd: "%}"
        case .outputBegin: "{{"
        case .outputEnd: "}}"
        case .name(let name): name
        case .string(let text): shownToken(String(decoding: text, as: UTF8.self))
        case .integer(let value): "\(value)"
        case .float(let value): "\(value)"
        case .sign(let sign): sign
        case .end: "the end"
        }
    }
}
