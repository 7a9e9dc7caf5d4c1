extension FrameHeader {
    /// How this header differs from the one that the receiver's schedule expects next, naming both sides; nil when it
    /// does not. Checksums and times are not compared.
    package func mismatch(expected: FrameHeader) -> String? {
        let fields: [(name: String, got: String, expected: String)] = [
            ("run", String(runID, radix: 16), String(expected.runID, radix: 16)),
            ("epoch", "\(epoch)", "\(expected.epoch)"),
            ("source", "\(source)", "\(expected.source)"),
            ("destination", "\(destination)", "\(expected.destination)"),
            ("sequence", "\(sequence)", "\(expected.sequence)"),
            ("kind", "\(kind)", "\(expected.kind)"),
            ("step", "\(step)", "\(expected.step)"),
            ("micro-batch", "\(microBatch)", "\(expected.microBatch)"),
            ("edge", "\(edge)", "\(expected.edge)"),
            ("tensor", "\(tensor)", "\(expected.tensor)"),
            ("dtype", "\(dtype)", "\(expected.dtype)"),
            ("shape", "\(shape)", "\(expected.shape)"),
            ("payload length", "\(payloadLength)", "\(expected.payloadLength)"),
        ]
        let differing = fields.filter { $0.got != $0.expected }
        guard !differing.isEmpty else { return nil }
        func list(_ values: [(String, String)]) -> String { values.map { "\($0) \($1)" }.joined(separator: ", ") }
        return "rank \(source) sent \(list(differing.map { ($0.name, $0.got) })), "
            + "rank \(expected.destination) expected \(list(differing.map { ($0.name, $0.expected) })); "
            + "due was the \(expected), tensor \(expected.tensor) of edge \(expected.edge)"
    }

    /// Whether `mismatch` finds no difference, without allocating.
    func matches(_ expected: FrameHeader) -> Bool {
        var comparable = self
        comparable.sentAt = expected.sentAt
        comparable.payloadCRC = expected.payloadCRC
        return comparable == expected
    }
}
