/// Small SentencePiece files, piece by piece.
enum ModelBytes {
    /// A model with these pieces, whose first is unknown.
    static func model(_ pieces: [WrittenPiece], _ more: (inout ProtobufWriter) -> Void = { _ in })
        -> [UInt8]
    {
        var message = ProtobufWriter()
        for piece in [WrittenPiece(text: Array("<unk>".utf8), kind: .unknown)] + pieces {
            var entry = ProtobufWriter()
            entry.add(1, bytes: piece.text)
            entry.add(2, float: piece.score)
            entry.add(3, varint: piece.kind.rawValue)
            message.add(1, bytes: entry.bytes)
        }
        more(&message)
        return message.bytes
    }

    static func piece(_ text: String, _ kind: WrittenPiece.Kind = .normal, score: Float = -1)
        -> WrittenPiece
    {
        WrittenPiece(text: Array(text.utf8), score: score, kind: kind)
    }
}
