/// A change of the text before it is split.
indirect enum Normalizer: Sendable {
    case form(UnicodeForm)
    case lowercase
    /// Drops what Unicode calls marks.
    case stripAccents
    /// Drops white space at the text's ends.
    case strip(left: Bool, right: Bool)
    case prepend([UInt8])
    case replace(TextPattern, with: [UInt8])
    /// SentencePiece's rules, compiled.
    case precompiled(CompiledRules)
    /// Drops control characters and writes spaces for others, as machine translation does.
    case controls
    case sequence([Normalizer])

    /// Changes the text; `scratch` is memory to use.
    func apply(
        _ text: inout TextBuffer, _ scratch: inout TextBuffer, _ matcher: inout PatternMatcher
    ) throws(TokenizerError) {
        if case .sequence(let steps) = self {
            for step in steps { try step.apply(&text, &scratch, &matcher) }
            return
        }
        scratch.clear(tracks: text.tracks)
        guard try change(text, into: &scratch, &matcher) else { return }
        guard scratch.bytes.count <= TextBuffer.largest else { throw TextBuffer.tooLarge }
        swap(&text, &scratch)
    }

    /// Writes the changed text; false where nothing changes.
    private func change(
        _ text: TextBuffer, into result: inout TextBuffer, _ matcher: inout PatternMatcher
    ) throws(TokenizerError) -> Bool {
        switch self {
        case .form(let form):
            let normalizer = FormNormalizer(form: form)
            guard !text.bytes.withUnsafeBufferPointer(normalizer.isInert) else { return false }
            normalizer.apply(text, into: &result)
        case .lowercase: text.map(into: &result) { value, put in Self.lower(value, put) }
        case .stripAccents: text.map(into: &result) { value, put in if !Self.isMark(value) { put(value) } }
        case .strip(let left, let right):
            let kept = text.bytes.withUnsafeBufferPointer { Self.stripped($0, left, right) }
            guard kept.count < text.bytes.count else { return false }
            result.append(text, kept)
        case .prepend(let start):
            guard !text.bytes.isEmpty else { return false }
            result.append(start, from: text.origin(0))
            result.append(text, 0..<text.bytes.count)
        case .replace(let pattern, let replacement):
            return try text.replace(pattern, with: replacement, into: &result, &matcher)
        case .precompiled(let rules): rules.apply(text, into: &result)
        case .controls: text.map(into: &result, Self.plain)
        case .sequence: return false
        }
        return true
    }

    private static func lower(_ value: UInt32, _ put: (UInt32) -> Void) {
        if value < 0x80 { return put((0x41...0x5A).contains(value) ? value + 0x20 : value) }
        guard let scalar = UnicodeScalar(value) else { return }
        let mapping = scalar.properties.lowercaseMapping
        for scalar in mapping.unicodeScalars { put(scalar.value) }
    }

    /// By Unicode 9, as the normal forms.
    static func isMark(_ value: UInt32) -> Bool {
        guard value >= 0x300 else { return false }
        if value == 0x1CF2 || value == 0x1CF3 { return true }
        guard value != 0x111C9, 10...12 ~= ScalarClasses.shared.category(value), let scalar = UnicodeScalar(value)
        else {
            return false
        }
        return scalar.properties.age.map { $0.major <= 9 } ?? false
    }

    private static func stripped(_ text: UnsafeBufferPointer<UInt8>, _ left: Bool, _ right: Bool) -> Range<Int> {
        var start = 0
        var end = text.count
        while left, start < end, case let scalar = text.scalar(at: start), scalar.value.isWhiteSpace {
            start += scalar.byteCount
        }
        while right, start < end, case let scalar = text.scalar(before: end), scalar.value.isWhiteSpace {
            end -= scalar.byteCount
        }
        return start..<end
    }

    private static func plain(_ value: UInt32, _ put: (UInt32) -> Void) {
        switch value {
        case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: return
        case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: put(0x20)
        default: put(value)
        }
    }
}

extension TextBuffer {
    /// Appends to `result` what each scalar becomes, from where that scalar came.
    fileprivate func map(into result: inout TextBuffer, _ change: (UInt32, (UInt32) -> Void) -> Void) {
        bytes.withUnsafeBufferPointer { text in
            var at = 0
            while at < text.count {
                let scalar = text.scalar(at: at)
                let origin = origin(at)
                change(scalar.value) { result.append($0, from: origin) }
                at += scalar.byteCount
            }
        }
    }

    /// Appends to `result` the text with each match replaced; false where there is none.
    func replace(
        _ pattern: TextPattern, with replacement: [UInt8], into result: inout TextBuffer,
        _ matcher: inout PatternMatcher, largest: Int = TextBuffer.largest
    ) throws(TokenizerError) -> Bool {
        var matches: [Range<Int>] = []
        let outcome: Result<Void, TokenizerError> = bytes.withUnsafeBufferPointer { text in
            do throws(TokenizerError) {
                matcher.begin(textCount: text.count)
                try pattern.forEachMatch(in: text, &matcher) { matches.append($0) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        guard !matches.isEmpty else { return false }
        let (added, overflow) = matches.count.multipliedReportingOverflow(by: replacement.count)
        guard !overflow, added <= largest - min(bytes.count, largest) else { throw Self.tooLarge }
        var at = 0
        for match in matches {
            result.append(self, at..<match.lowerBound)
            result.append(replacement, from: origin(match.upperBound - 1))
            at = match.upperBound
        }
        result.append(self, at..<bytes.count)
        return true
    }
}

extension UInt32 {
    /// White space by Unicode: of this scalar.
    @inline(__always) var isWhiteSpace: Bool {
        if self < 0x80 { return self == 0x20 || (0x09...0x0D).contains(self) }
        return self == 0x85 || 27...29 ~= ScalarClasses.shared.category(self)
    }

    /// Letters, marks, decimal digits, connectors: what `\w` of Rust's regular expressions has.
    var isWordScalar: Bool {
        ScalarClasses.shared.of(self) & ScalarClasses.wordFlag != 0 || self == 0x200C || self == 0x200D
    }

    /// A number of any kind.
    @inline(__always) var isNumeric: Bool {
        if self < 0x80 { return (0x30...0x39).contains(self) }
        switch ScalarClasses.shared.category(self) {
        case 13...15: return true
        // What Unicode 17 brought.
        case 0:
            switch UnicodeScalar(self)?.properties.generalCategory {
            case .decimalNumber, .letterNumber, .otherNumber: return true
            default: return false
            }
        default: return false
        }
    }

    /// Punctuation by Unicode 8, and ASCII's symbols.
    var isPunctuation: Bool {
        if self < 0x80 {
            return (0x21...0x2F) ~= self || (0x3A...0x40) ~= self || (0x5B...0x60) ~= self || (0x7B...0x7E) ~= self
        }
        if self == 0x166D || self == 0x111C9 { return true }
        guard 16...22 ~= ScalarClasses.shared.category(self), let scalar = UnicodeScalar(self) else { return false }
        return scalar.properties.age.map { $0.major <= 8 } ?? false
    }
}
