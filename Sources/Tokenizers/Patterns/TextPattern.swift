internal import Glibc

/// What a step of a tokenizer looks for: a text as it is, or a regular expression.
enum TextPattern: Sendable {
    case literal([UInt8])
    case expression(Pattern)

    /// Calls `found` with each match in order. A literal without a byte matches nowhere.
    func forEachMatch(
        in text: UnsafeBufferPointer<UInt8>, _ matcher: inout PatternMatcher, _ found: (Range<Int>) -> Void
    ) throws(TokenizerError) {
        switch self {
        case .literal(let literal): Self.find(literal, in: text, found)
        case .expression(let pattern):
            var at = 0
            var lastEnd = -1
            while at <= text.count {
                if let first = pattern.code.first {
                    while at < text.count, case let scalar = text.scalar(at: at),
                        !pattern.code.holds(first, scalar.value)
                    {
                        at += scalar.byteCount
                    }
                    if at == text.count { return }
                }
                guard let end = try matcher.match(pattern, in: text, from: at) else {
                    guard at < text.count else { return }
                    at += text.scalar(at: at).byteCount
                    continue
                }
                // No empty match right behind a match.
                if end > at || at != lastEnd { found(at..<end) }
                lastEnd = end
                if end == at {
                    guard at < text.count else { return }
                    at += text.scalar(at: at).byteCount
                } else {
                    at = end
                }
            }
        }
    }

    private static func find(_ literal: [UInt8], in text: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
        guard let first = literal.first, let base = text.baseAddress else { return }
        var at = 0
        while text.count - at >= literal.count, let hit = memchr(base + at, Int32(first), text.count - at) {
            let start = UnsafeRawPointer(hit) - UnsafeRawPointer(base)
            guard text.count - start >= literal.count else { return }
            if memcmp(hit, literal, literal.count) == 0 {
                found(start..<start + literal.count)
                at = start + literal.count
            } else {
                at = start + 1
            }
        }
    }
}
