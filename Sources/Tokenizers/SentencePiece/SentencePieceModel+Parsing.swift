extension SentencePieceModel {
    init(_ bytes: [UInt8], path: String) throws(TokenizerError) {
        self.path = path
        var reader = ProtobufReader(bytes[...], path: path)
        var total = 0
        while let field = try reader.next() {
            guard let content = field.value.bytes else { continue }
            switch field.number {
            case 1: try addPiece(content, total: &total)
            case 2: try readTraining(content)
            case 3: try readNormalization(content)
            case 5: try refuseDenormalization(content)
            default: break  // 4 are the trainer's own tests.
            }
        }
        try check()
    }

    /// - Parameter total: bytes of all pieces.
    private mutating func addPiece(_ content: ArraySlice<UInt8>, total: inout Int) throws(TokenizerError) {
        let place = "piece \(pieces.count)"
        guard pieces.count < Self.pieceLimit, total <= Self.totalBytes else {
            throw wrong("the pieces", "at most \(Self.pieceLimit) and \(Self.totalBytes) bytes together", "more")
        }
        var piece = Piece(text: [])
        var reader = ProtobufReader(content, path: path)
        while let field = try reader.next() {
            switch field.number {
            case 1: if let text = field.value.bytes { piece.text = Array(text) }
            case 2: if let score = field.value.float { piece.score = score }
            case 3:
                guard let value = field.value.number else { continue }
                guard let kind = Kind(rawValue: value) else { throw wrong(place, "a type from 1 to 6", "\(value)") }
                piece.kind = kind
            default: break
            }
        }
        guard 1...Self.pieceBytes ~= piece.text.count, !piece.text.contains(0) else {
            throw wrong(place, "1 to \(Self.pieceBytes) bytes without a zero", "\(piece.text.count) bytes")
        }
        guard piece.text.isUTF8 else { throw wrong(place, "UTF-8", "other bytes") }
        guard piece.score.magnitude <= 1e30 else { throw wrong(place, "a finite score", "\(piece.score)") }
        if piece.kind == .byte, Self.byte(of: piece.text) == nil {
            throw wrong(place, "a byte as <0x0A>", shownToken(String(decoding: piece.text, as: UTF8.self)))
        }
        total += piece.text.count
        pieces.append(piece)
    }

    private mutating func readTraining(_ content: ArraySlice<UInt8>) throws(TokenizerError) {
        var reader = ProtobufReader(content, path: path)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (3, .varint(let value)):
                guard let known = Algorithm(rawValue: value) else {
                    throw wrong("trainer_spec.model_type", "1 (unigram) or 2 (bpe)", "\(value)")
                }
                algorithm = known
            case (24, .varint(let value)): treatsWhitespaceAsSuffix = value != 0
            case (35, .varint(let value)): hasByteFallback = value != 0
            case (44, .bytes(let value)): unknownSurface = try text(value, "trainer_spec.unk_surface")
            case (46, .bytes(let value)): beginning = try name(value, "trainer_spec.bos_piece")
            case (47, .bytes(let value)): end = try name(value, "trainer_spec.eos_piece")
            case (48, .bytes(let value)): padding = try name(value, "trainer_spec.pad_piece")
            default: break
            }
        }
    }

    private mutating func readNormalization(_ content: ArraySlice<UInt8>) throws(TokenizerError) {
        var reader = ProtobufReader(content, path: path)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (2, .bytes(let value)): normalization.charsmap = Array(value)
            case (3, .varint(let value)): normalization.addsDummyPrefix = value != 0
            case (4, .varint(let value)): normalization.removesExtraWhitespace = value != 0
            case (5, .varint(let value)): normalization.escapesWhitespace = value != 0
            default: break
            }
        }
    }

    /// A model may change a decoded text once more; none of the known ones does.
    private func refuseDenormalization(_ content: ArraySlice<UInt8>) throws(TokenizerError) {
        var reader = ProtobufReader(content, path: path)
        while let field = try reader.next() {
            if field.number == 2, let map = field.value.bytes, !map.isEmpty {
                throw .unsupported(
                    path: path, what: "denormalizer_spec.precompiled_charsmap", supported: "a model without it")
            }
        }
    }

    private func check() throws(TokenizerError) {
        guard !pieces.isEmpty else {
            throw .malformed(path: path, place: "the file", expected: "a SentencePiece model with pieces", got: "none")
        }
        guard algorithm == .unigram || algorithm == .bpe else {
            throw .unsupported(
                path: path, what: "trainer_spec.model_type \(algorithm)", supported: "unigram or bpe")
        }
        let unknown = pieces.count { $0.kind == .unknown }
        guard unknown == 1 else { throw wrong("the pieces", "one of the type unknown", "\(unknown)") }
        try checkBytes()
    }

    private func checkBytes() throws(TokenizerError) {
        let bytes = Set(pieces.lazy.filter { $0.kind == .byte }.map(\.text))
        guard bytes.count == (hasByteFallback ? 256 : 0) else {
            throw wrong(
                "the pieces", hasByteFallback ? "256 of the type byte" : "none of the type byte", "\(bytes.count)")
        }
    }

    /// The ids of the pieces that stand for one byte, by its value.
    var byteIds: [Int32] {
        var ids = [Int32](repeating: 0, count: 256)
        for (id, piece) in pieces.enumerated() where piece.kind == .byte {
            if let byte = Self.byte(of: piece.text) { ids[Int(byte)] = Int32(id) }
        }
        return ids
    }

    /// The value of a piece that stands for one byte, as `<0x0A>`.
    static func byte(of text: [UInt8]) -> UInt8? {
        guard text.count == 6, text.starts(with: "<0x".utf8), text[5] == UInt8(ascii: ">") else { return nil }
        let digits = text[3..<5]
        guard digits.allSatisfy({ 0x30...0x39 ~= $0 || 0x41...0x46 ~= $0 }) else { return nil }
        return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private func text(_ bytes: ArraySlice<UInt8>, _ place: String) throws(TokenizerError) -> [UInt8] {
        guard bytes.count <= Self.pieceBytes, Array(bytes).isUTF8 else {
            throw wrong(place, "at most \(Self.pieceBytes) bytes of UTF-8", "other bytes, or \(bytes.count)")
        }
        return Array(bytes)
    }

    private func name(_ bytes: ArraySlice<UInt8>, _ place: String) throws(TokenizerError) -> String {
        String(decoding: try text(bytes, place), as: UTF8.self)
    }

    func wrong(_ place: String, _ expected: String, _ got: String) -> TokenizerError {
        .malformed(path: path, place: place, expected: expected, got: got)
    }
}

extension [UInt8] {
    var isUTF8: Bool { withUnsafeBufferPointer { $0.firstInvalidByte() == nil } }
}
