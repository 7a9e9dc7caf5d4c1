/// Methods and filters that take texts apart and put them together.
extension JinjaRun {
    /// Where a text begins in another, at `start` or behind it.
    func find(_ part: [UInt8], in text: [UInt8], from start: Int = 0) throws(JinjaProblem) -> Int? {
        guard part.count <= text.count - start else { return nil }
        return try firstMatch(of: part, in: text, stride(from: start, through: text.count - part.count, by: 1))
    }

    /// Where it begins last.
    func findLast(_ part: [UInt8], in text: [UInt8], before end: Int) throws(JinjaProblem) -> Int? {
        try firstMatch(of: part, in: text, stride(from: end - part.count, through: 0, by: -1))
    }

    /// The first of these places where a text stands in another; bytes that are looked at count as work.
    private func firstMatch(
        of part: [UInt8], in text: [UInt8], _ places: StrideThrough<Int>
    ) throws(JinjaProblem) -> Int? {
        var looked = 0
        for place in places {
            var count = 0
            while count < part.count, text[place + count] == part[count] { count += 1 }
            if count == part.count { return place }
            looked += count + 1
            if looked >= 1 << 16 {
                try step(looked >> 6)
                looked = 0
            }
        }
        return nil
    }

    func split(_ name: String, _ text: [UInt8], _ call: Call) throws(JinjaProblem) -> JinjaValue {
        var limit = Int.max
        if let given = call.argument(1, "maxsplit") {
            guard let count = whole(given) else { throw value("a number of cuts", given) }
            limit = count < 0 ? .max : count
        }
        let parts: [[UInt8]]
        switch call.argument(0, "sep") ?? .none {
        case .none: parts = name == "split" ? words(text, limit) : lastWords(text, limit)
        case .string(let separator):
            guard !separator.isEmpty else { throw problem(.value(expected: "a separator", got: "an empty text")) }
            parts =
                name == "split" ? try cut(text, at: separator, limit) : try cutFromEnd(text, at: separator, limit)
        case let other: throw value("a text as separator", other)
        }
        try make(text.count)
        return try list(parts.map { .string($0) })
    }

    private func cut(
        _ text: [UInt8], at separator: [UInt8], _ limit: Int
    ) throws(JinjaProblem) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var start = 0
        while parts.count < limit, let found = try find(separator, in: text, from: start) {
            parts.append(Array(text[start..<found]))
            start = found + separator.count
        }
        return parts + [Array(text[start...])]
    }

    private func cutFromEnd(
        _ text: [UInt8], at separator: [UInt8], _ limit: Int
    ) throws(JinjaProblem) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var end = text.count
        while parts.count < limit, let found = try findLast(separator, in: text, before: end) {
            parts.append(Array(text[found + separator.count..<end]))
            end = found
        }
        return (parts + [Array(text[..<end])]).reversed()
    }

    private func words(_ text: [UInt8], _ limit: Int) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var rest = JinjaText.withoutLeadingSpace(text[...])
        while !rest.isEmpty {
            guard parts.count < limit else { return parts + [Array(rest)] }
            let behind = JinjaText.withoutLeading(rest) { !JinjaText.isSpace($0) }
            parts.append(Array(rest[..<behind.startIndex]))
            rest = JinjaText.withoutLeadingSpace(behind)
        }
        return parts
    }

    private func lastWords(_ text: [UInt8], _ limit: Int) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var rest = JinjaText.withoutTrailingSpace(text[...])
        while !rest.isEmpty {
            guard parts.count < limit else { return ([Array(rest)] + parts.reversed()) }
            let before = JinjaText.withoutTrailing(rest) { !JinjaText.isSpace($0) }
            parts.append(Array(rest[before.endIndex...]))
            rest = JinjaText.withoutTrailingSpace(before)
        }
        return parts.reversed()
    }

    func lines(_ text: [UInt8]) throws(JinjaProblem) -> JinjaValue {
        var lines: [JinjaValue] = []
        var line: [UnicodeScalar] = []
        var isBehindReturn = false
        for scalar in JinjaText.scalars(text) {
            defer { isBehindReturn = scalar == "\r" }
            if scalar == "\n", isBehindReturn { continue }
            switch scalar.value {
            case 10...13, 28...30, 0x85, 0x2028, 0x2029:
                lines.append(.string(JinjaText.bytes(line)))
                line = []
            default: line.append(scalar)
            }
        }
        if !line.isEmpty { lines.append(.string(JinjaText.bytes(line))) }
        try make(text.count)
        return try list(lines)
    }

    func replaced(_ text: [UInt8], _ call: Call) throws(JinjaProblem) -> JinjaValue {
        let (old, new) = (try textArgument(call, 0), try textArgument(call, 1))
        var limit = Int.max
        if let given = call.argument(2, "count"), let count = whole(given), count >= 0 { limit = count }
        guard !old.isEmpty else { throw problem(.unsupported("replacing an empty text")) }
        let parts = try cut(text, at: old, limit)
        let (grown, overflow) = new.count.multipliedReportingOverflow(by: parts.count)
        try make(overflow ? .max : grown)
        try make(text.count)
        return .string(Array(parts.joined(separator: new)))
    }

    func count(of part: [UInt8], in text: [UInt8]) throws(JinjaProblem) -> Int {
        guard !part.isEmpty else { return JinjaText.count(text) + 1 }
        return try cut(text, at: part, .max).count - 1
    }

    /// The items of a list as texts, with one between each two.
    func joined(_ items: JinjaValue, by separator: [UInt8]) throws(JinjaProblem) -> JinjaValue {
        var result: [UInt8] = []
        for (at, item) in try self.items(of: items).enumerated() {
            let text = try text(of: item)
            try make(text.count + separator.count)
            if at > 0 { result += separator }
            result += text
        }
        return .string(result)
    }
}
