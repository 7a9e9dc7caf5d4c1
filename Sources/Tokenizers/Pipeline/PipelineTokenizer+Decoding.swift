extension PipelineTokenizer {
    package func decode(_ ids: [Int32], skipSpecial: Bool) throws(TokenizerError) -> String {
        let ids = skipSpecial ? ids.filter { !specialIds.contains($0) } : ids
        if let decodedBytes { return decodedBytes.text(ids) }
        let tokens = ids.compactMap { id in addedTexts[id] ?? parts.vocabulary.token(id).map { Array($0.utf8) } }
        guard let decoder = parts.decoder else {
            return String(decoding: Array(tokens.joined(separator: [UInt8(ascii: " ")])), as: UTF8.self)
        }
        var matcher = PatternMatcher()
        return String(decoding: Array(try decoder.apply(tokens, &matcher).joined()), as: UTF8.self)
    }
}

/// The bytes of each token of a byte-level vocabulary, one behind the other.
struct DecodedBytes: Sendable {
    private var bytes: [UInt8] = []
    private var starts: [UInt32] = [0]

    init(_ vocabulary: Vocabulary, _ added: [Int32: [UInt8]], size: Int) {
        starts.reserveCapacity(size + 1)
        for id in 0..<Int32(size) {
            if let token = added[id] ?? vocabulary.token(id).map({ Array($0.utf8) }) {
                bytes += TokenDecoder.bytes(token)
            }
            starts.append(UInt32(bytes.count))
        }
    }

    func text(_ ids: [Int32]) -> String {
        var all: [UInt8] = []
        for id in ids where id >= 0 && Int(id) + 1 < starts.count {
            all.append(contentsOf: bytes[Int(starts[Int(id)])..<Int(starts[Int(id) + 1])])
        }
        return String(decoding: all, as: UTF8.self)
    }
}
