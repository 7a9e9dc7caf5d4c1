internal import Systems

/// Values that may nest: conversations. Deeper than `deepest` is refused, so that recursion is bounded.
extension LineScanner {
    private static let deepest = 32

    /// A text's value, its escapes resolved.
    mutating func string(_ what: @autoclosure () -> String) throws(LineProblem) -> String {
        guard take("\"") else { throw problem(what()) }
        let start = at
        var place = start
        let outcome: Result<String, JSONString.Problem> = bytes.withMemoryRebound(to: UInt8.self) { bytes in
            Result { () throws(JSONString.Problem) in try JSONString.read(bytes, &place) }
        }
        switch outcome {
        case .success(let text):
            at = place
            return text
        case .failure(let problem):
            at = min(problem.offset, bytes.count)
            throw self.problem(problem.expected, got: problem.got)
        }
    }

    /// `{"key": value, …}`: `member` reads each value.
    mutating func object(
        _ what: @autoclosure () -> String, _ member: (inout LineScanner, String) throws(LineProblem) -> Void
    ) throws(LineProblem) {
        guard take("{") else { throw problem(what()) }
        if take("}") { return }
        repeat {
            let key = try string("a key in quotes")
            try expect(":")
            try member(&self, key)
        } while take(",")
        try expect("}", or: " or \",\"")
    }

    /// `[value, …]`: `element` reads each.
    mutating func array(
        _ what: @autoclosure () -> String, _ element: (inout LineScanner) throws(LineProblem) -> Void
    ) throws(LineProblem) {
        guard take("[") else { throw problem(what()) }
        if take("]") { return }
        repeat { try element(&self) } while take(",")
        try expect("]", or: " or \",\"")
    }

    /// Passes over any value.
    mutating func passValue(depth: Int = 0) throws(LineProblem) {
        guard depth < Self.deepest else { throw problem("at most \(Self.deepest) levels", got: "more") }
        switch next {
        case UInt8(ascii: "{"):
            try object("an object") { (scanner: inout LineScanner, _) throws(LineProblem) in
                try scanner.passValue(depth: depth + 1)
            }
        case UInt8(ascii: "["):
            try array("an array") { (scanner: inout LineScanner) throws(LineProblem) in
                try scanner.passValue(depth: depth + 1)
            }
        case UInt8(ascii: "\""): _ = try text("a text")
        default:
            if !takeNull(), !takeWord("true"), !takeWord("false"), !takeNumber() { throw problem("a value") }
        }
    }

    private mutating func takeWord(_ word: String) -> Bool {
        guard next != nil, bytes[at...].prefix(word.utf8.count).elementsEqual(word.utf8) else { return false }
        at += word.utf8.count
        return true
    }

    /// As JSON writes numbers, but for zeros in front: what is passed over need not be read as one number or another.
    private mutating func takeNumber() -> Bool {
        guard next != nil else { return false }
        let number = bytes[at...].prefix { byte in
            (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)
        }
        guard !number.isEmpty, Double(String(decoding: number, as: UTF8.self)) != nil else { return false }
        at = number.endIndex
        return true
    }
}
