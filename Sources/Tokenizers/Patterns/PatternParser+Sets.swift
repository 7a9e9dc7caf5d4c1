internal import Systems

extension PatternParser {
    /// `[…]`.
    mutating func bracket() throws(LoadProblem) -> ScalarSet {
        at += 1
        let isInverted = take("^")
        var set = ScalarSet()
        var isFirst = true
        while let scalar = peek, scalar != "]" || isFirst {
            isFirst = false
            if scalar == "[" { throw unsupported("a set inside of a set") }
            if starts("&&") { throw unsupported("\"&&\" in a set") }
            let item = try setItem()
            if let low = item.single, peek == "-", at + 1 < text.count, text[at + 1] != "]" {
                at += 1
                guard let high = try setItem().single, low <= high else { throw unsupported("a range of a set") }
                set.add(low...high)
            } else if !set.add(item.set) {
                throw unsupported("\"\\W\" in a set")
            }
        }
        guard take("]") else { throw unsupported("\"[\" without \"]\"") }
        return isInverted ? try folded(set).inverted : set
    }

    private mutating func setItem() throws(LoadProblem) -> (set: ScalarSet, single: UInt32?) {
        guard let scalar = peek else { throw unsupported("\"[\" without \"]\"") }
        if scalar == "\\" {
            let set = try escape()
            return (set, set.only)
        }
        at += 1
        return (ScalarSet([scalar.value...scalar.value]), scalar.value)
    }

    mutating func escape() throws(LoadProblem) -> ScalarSet {
        at += 1
        guard let scalar = peek else { throw unsupported("a last \"\\\"") }
        at += 1
        switch scalar {
        case "s": return .whiteSpace
        case "S": return ScalarSet.whiteSpace.inverted
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .words
        case "W": return ScalarSet.words.inverted
        case "p", "P": return try property(isInverted: scalar == "P")
        case "x", "u": return try code(scalar)
        case "n", "r", "t", "f", "v", "a", "e":
            let values: [UnicodeScalar: UInt32] = [
                "n": 0x0A, "r": 0x0D, "t": 0x09, "f": 0x0C, "v": 0x0B, "a": 0x07, "e": 0x1B,
            ]
            let value = values[scalar] ?? 0
            return ScalarSet([value...value])
        case "0"..."9", "A"..."Z", "a"..."z": throw unsupported("\"\\\(scalar)\"")
        default: return ScalarSet([scalar.value...scalar.value])
        }
    }

    private mutating func property(isInverted: Bool) throws(LoadProblem) -> ScalarSet {
        guard take("{") else { throw unsupported("\"\\p\" without \"{\"") }
        let isInverted = take("^") != isInverted
        let name = String(String.UnicodeScalarView(text[at...].prefix { $0 != "}" }.prefix(40)))
        at += name.unicodeScalars.count
        guard take("}"), let mask = ScalarClasses.mask(named: name) else {
            throw unsupported("\"\\p{\(name.printable(limit: 40))}\"")
        }
        let set = ScalarSet(categories: mask)
        return isInverted ? set.inverted : set
    }

    /// `\xHH`, `\x{H…}`, `\uHHHH`.
    private mutating func code(_ kind: UnicodeScalar) throws(LoadProblem) -> ScalarSet {
        let hasBraces = kind == "x" && take("{")
        var digits = ""
        while let scalar = peek, Character(scalar).isHexDigit, digits.count < (hasBraces ? 6 : kind == "x" ? 2 : 4) {
            digits.unicodeScalars.append(scalar)
            at += 1
        }
        guard let value = UInt32(digits, radix: 16), UnicodeScalar(value) != nil, !hasBraces || take("}"),
            kind == "x" || digits.count == 4, hasBraces || value < 0x80 || kind == "u"
        else { throw unsupported("\"\\\(kind)\(digits)\"") }
        return ScalarSet([value...value])
    }
}

extension ScalarSet {
    /// The only scalar that it holds.
    fileprivate var only: UInt32? {
        guard categories == 0, !hasWordScalars, !isInverted else { return nil }
        if ranges.isEmpty, low.nonzeroBitCount + high.nonzeroBitCount == 1 {
            return low != 0 ? UInt32(low.trailingZeroBitCount) : UInt32(64 + high.trailingZeroBitCount)
        }
        guard low == 0, high == 0, ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }
}
