extension SentencePieceTokenizer {
    package func encode(
        utf8 text: UnsafeBufferPointer<UInt8>, addSpecial: Bool, into ids: inout [Int32]
    ) throws(TokenizerError) {
        if addSpecial { ids += before }
        try forEachStretch(of: text) { stretch throws(TokenizerError) in
            switch stretch {
            case .special(let id, _): ids.append(id)
            case .plain(let range, let hasPrefix):
                try segmenter.append(UnsafeBufferPointer(rebasing: text[range]), hasPrefix: hasPrefix, to: &ids)
            }
        }
        if addSpecial { ids += after }
    }

    package func encodeWithOffsets(_ text: String, addSpecial: Bool) throws(TokenizerError) -> TokenizedText {
        try text.withUTF8Bytes { bytes throws(TokenizerError) in
            try encodeWithOffsets(bytes, addSpecial: addSpecial)
        }
    }

    private func encodeWithOffsets(
        _ text: UnsafeBufferPointer<UInt8>, addSpecial: Bool
    ) throws(TokenizerError) -> TokenizedText {
        var result = TokenizedText()
        if addSpecial { result.append(before, at: 0..<0) }
        try forEachStretch(of: text) { stretch throws(TokenizerError) in
            switch stretch {
            case .special(let id, let range): result.append([id], at: range)
            case .plain(let range, let hasPrefix):
                let part = try segmenter.pieces(
                    of: UnsafeBufferPointer(rebasing: text[range]), hasPrefix: hasPrefix)
                result.ids += part.ids
                result.offsets += part.offsets.map {
                    range.lowerBound + $0.lowerBound..<range.lowerBound + $0.upperBound
                }
            }
        }
        if addSpecial { result.append(after, at: text.count..<text.count) }
        return result
    }

    private enum Stretch {
        case special(Int32, Range<Int>)
        case plain(Range<Int>, hasPrefix: Bool)
    }

    /// A text's special tokens, and what stands between them.
    private func forEachStretch(
        of text: UnsafeBufferPointer<UInt8>, _ body: (Stretch) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        if let byte = text.firstInvalidByte() { throw .notUTF8(byte: byte) }
        var parts: [TokenFinder.Part] = []
        special.split(text, into: &parts)
        for part in parts {
            if let id = part.id {
                try body(.special(id, part.range))
            } else {
                let hasPrefix = part.range.lowerBound == 0 || options.addsSpaceAfterSpecial
                try body(.plain(part.range, hasPrefix: hasPrefix))
            }
        }
    }
}

extension TokenizedText {
    fileprivate mutating func append(_ new: [Int32], at range: Range<Int>) {
        ids += new
        offsets += Array(repeating: range, count: new.count)
    }
}
