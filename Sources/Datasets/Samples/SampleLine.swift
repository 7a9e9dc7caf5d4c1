internal import Systems

/// One line of a sample file: the ids of a text, and which of them count as targets.
///
///     {"input_ids": [5, 6, 7], "labels": [-100, 6, 7]}
///
/// Labels stand under their own ids: `labels[t]` is what the model predicts from the ids before t. Without labels every
/// id counts. It keeps its memory from line to line.
struct SampleLine {
    /// The keys that hold a number for each id.
    enum Column: Int {
        case ids, labels, mask, types, positions, special

        static let keys = [
            "input_ids", "labels", "attention_mask", "token_type_ids", "position_ids", "special_tokens_mask",
        ]

        var key: String { Self.keys[rawValue] }
    }

    /// A label that does not count.
    static let ignored: Int32 = -100

    /// Of a line that can be a sample: `{"input_ids":[5]}`.
    static let fewestBytes = 17

    static let mostBytes = 16 << 20

    /// For errors.
    static let example = #"{"input_ids": […], "labels": […]}"#

    /// How many ids stand before the padding that the attention mask leaves out.
    private(set) var count = 0

    private var columns = Column.keys.map { _ in [Int32]() }
    /// Which columns the line has, a bit for each.
    private var written = 0

    /// How many targets count.
    private(set) var targetCount = 0

    /// The largest number that must be in the vocabulary.
    private(set) var largest: Int32 = 0

    /// Writes the ids, and at each position the label of the next one; then padding. The last id may find no room: nothing
    /// is predicted from it.
    func copy(into input: UnsafeMutableBufferPointer<Int32>, targets: UnsafeMutableBufferPointer<Int32>) {
        precondition(input.count == targets.count && count <= input.count + 1, "\(count) ids for \(input.count)")
        let inputEnd = input.update(fromContentsOf: ids[..<min(count, input.count)])
        input[inputEnd...].update(repeating: 0)
        let targetsEnd = targets.update(fromContentsOf: labels[..<count].dropFirst())
        targets[targetsEnd...].update(repeating: Self.ignored)
    }

    private var ids: [Int32] { self[.ids] }

    private var labels: [Int32] { has(.labels) ? self[.labels] : ids }

    private subscript(column: Column) -> [Int32] { columns[column.rawValue] }

    private func has(_ column: Column) -> Bool { written & 1 << column.rawValue != 0 }

    // MARK: Reading

    /// Reads a line, and requires that it is a sample that can be trained on by its ids and labels alone.
    mutating func read(_ text: UnsafeRawBufferPointer) throws(LineProblem) {
        written = 0
        var scanner = LineScanner(text)
        guard scanner.next != UInt8(ascii: "[") else {
            throw scanner.problem("an object: a sample a line, not all of them in one array", got: "\"[\"")
        }
        try scanner.expect("{")
        if !scanner.take("}") {
            repeat { try readMember(&scanner) } while scanner.take(",")
            try scanner.expect("}", or: " or \",\"")
        }
        try scanner.expectEnd()
        try checkLengths()
        count = try unmasked()
        try checkNumbers()
        // The first label is one that nothing predicts.
        targetCount = labels[..<count].dropFirst().count { $0 != Self.ignored }
        largest = max(ids.largest, labels.largest)
    }

    private mutating func readMember(_ scanner: inout LineScanner) throws(LineProblem) {
        let place = scanner.column
        let key = try scanner.text("a key in quotes")
        try scanner.expect(":")
        guard let index = Column.keys.firstIndex(where: { key.elementsEqual($0.utf8) }) else {
            return try pass(String(decoding: key.prefix(64), as: UTF8.self), at: place, &scanner)
        }
        guard written & 1 << index == 0 else {
            throw scanner.problem("each key once", got: "\"\(Column.keys[index])\" again", column: place)
        }
        written |= 1 << index
        try scanner.integers(of: Column.keys[index], into: &columns[index])
    }

    /// Texts train nothing, nor does what says where a sample came from and how long it is. Anything else might be meant
    /// to change what is learnt.
    private func pass(_ key: String, at place: Int, _ scanner: inout LineScanner) throws(LineProblem) {
        if scanner.next == UInt8(ascii: "\"") {
            _ = try scanner.text("a text")
        } else if !scanner.takeNull(), !["id", "length"].contains(key) || !scanner.takeInteger() {
            let known = Column.keys.joined(separator: ", ")
            throw scanner.problem(
                "only \(known), id, length and texts: what else stands in a line would not be trained on; leave it out",
                got: "the key \"\(key.printable(limit: 60))\"", column: place)
        }
    }

    // MARK: What a sample must hold

    private func checkLengths() throws(LineProblem) {
        guard has(.ids) else { throw LineProblem(expected: "the key input_ids", got: "none") }
        for (index, key) in Column.keys.enumerated() {
            guard written & 1 << index != 0, columns[index].count != ids.count else { continue }
            throw LineProblem(expected: "as many \(key) as input_ids, \(ids.count)", got: "\(columns[index].count)")
        }
    }

    /// Ones, then zeros for padding, which no label counts in.
    private func unmasked() throws(LineProblem) -> Int {
        guard has(.mask) else {
            guard !ids.isEmpty else { throw LineProblem(expected: "at least one of input_ids", got: "none") }
            return ids.count
        }
        let mask = self[.mask]
        let count = mask.firstIndex { $0 != 1 } ?? mask.count
        if let index = mask[count...].firstIndex(where: { $0 != 0 }) {
            throw problem(.mask, index, "ones, then zeros for padding at the end")
        }
        guard count > 0 else { throw LineProblem(expected: "an attention_mask that begins with 1", got: "none") }
        if has(.labels), let index = labels[count...].firstIndex(where: { $0 != Self.ignored }) {
            throw problem(.labels, index, "-100 where attention_mask is 0")
        }
        return count
    }

    private func checkNumbers() throws(LineProblem) {
        if let index = ids.firstNegative(butFor: 0) { throw problem(.ids, index, "a token id") }
        if let index = labels.firstNegative(butFor: Self.ignored) {
            throw problem(.labels, index, "a token id, or -100 for what does not count")
        }
        if has(.types), let index = self[.types].firstIndex(where: { $0 != 0 }) {
            throw problem(.types, index, "0: no model here has token types")
        }
        if has(.positions), let index = (0..<count).first(where: { self[.positions][$0] != $0 }) {
            throw problem(.positions, index, "\(index): positions are counted from 0, one text a line")
        }
    }

    /// The first number that a vocabulary does not hold.
    func firstOutside(_ vocabulary: Int) -> LineProblem? {
        for column in [Column.ids, .labels] where has(column) {
            if let index = self[column].firstIndex(where: { Int($0) >= vocabulary }) {
                return problem(column, index, "0 to \(vocabulary - 1), the vocabulary")
            }
        }
        return nil
    }

    private func problem(_ column: Column, _ index: Int, _ expected: String) -> LineProblem {
        LineProblem(expected: expected, got: "\(column.key)[\(index)] = \(self[column][index])")
    }
}

/// Loops without a branch, so that they are vectorised.
extension [Int32] {
    fileprivate var largest: Int32 {
        var largest: Int32 = 0
        for number in self { largest = Swift.max(largest, number) }
        return largest
    }

    fileprivate func firstNegative(butFor other: Int32) -> Int? {
        var smallest: Int32 = 0
        for number in self { smallest = Swift.min(smallest, number == other ? 0 : number) }
        return smallest < 0 ? firstIndex { $0 < 0 && $0 != other } : nil
    }
}
