/// Where a stage begins: at a layer, or at a part of one that may be cut inside.
///
///     let cuts: [Cut] = [3, "5.mlp"]
public struct Cut: Hashable, Sendable, CustomStringConvertible, ExpressibleByIntegerLiteral {
    /// The layer's place in the model, counted from 0.
    public var layer: Int
    /// Which part of the layer: `mlp`. nil: its beginning.
    public var part: String?

    /// The beginning of a layer unless a part of it is named.
    public init(layer: Int, part: String? = nil) {
        self.layer = layer
        self.part = part
    }

    /// The beginning of a layer.
    public init(integerLiteral layer: Int) { self.init(layer: layer) }

    /// `5` or `5.mlp`; nil where the text is neither.
    public init?(_ text: some StringProtocol) {
        let words = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let number = words.first, let layer = Int(number), layer >= 0, String(layer) == number else { return nil }
        guard words.count == 2 else {
            self.init(layer: layer)
            return
        }
        guard !words[1].isEmpty else { return nil }
        self.init(layer: layer, part: String(words[1]))
    }

    /// As manifests write it: `5`, `5.mlp`.
    public var description: String { part.map { "\(layer).\($0)" } ?? "\(layer)" }
}

extension Cut: ExpressibleByStringLiteral {
    /// - Precondition: the text is a cut.
    public init(stringLiteral text: String) {
        guard let cut = Cut(text) else { preconditionFailure("no cut: \(text)") }
        self = cut
    }
}

extension Cut: Codable {
    /// A number, or a text where it names a part.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let layer = try? container.decode(Int.self) {
            self.init(layer: layer)
            return
        }
        guard let cut = Cut(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a cut such as 5 or 5.mlp")
        }
        self = cut
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if part == nil { try container.encode(layer) } else { try container.encode(description) }
    }
}

extension [Cut] {
    /// As manifests write them: `[3, 5.mlp]`
    public var text: String { "[" + map(\.description).joined(separator: ", ") + "]" }
}
