/// How one value is written in a manifest, and which values are allowed: one place for reading, writing and checking.
///
///     ValueSyntax.whole(1...64)                    // `heads: 8`
///     ValueSyntax.number("above 0") { $0 > 0 }     // `lr: 1e-3`
///     ValueSyntax.choice(of: Activation.self)      // `activation: silu`
public struct ValueSyntax<Value: Sendable>: Sendable {
    /// Which values are allowed, as the documentation says it: `1…16777216`.
    public let words: String
    /// What an error says was expected: `a whole number of at least 1`.
    public let expected: String
    /// Whether a value is in its limits: for values that Swift made.
    public let accepts: @Sendable (Value) -> Bool
    /// Reads and checks the value of a key; throws where it is not allowed, with its place.
    public let read: @Sendable (Field) throws(ManifestError) -> Value
    /// The value on one line, as YAML that reads back to the last bit.
    public let write: @Sendable (Value) -> String

    /// - Parameters:
    ///   - words: which values are allowed, for the documentation.
    ///   - expected: what an error asks for; `words` unless given.
    ///   - accepts: whether a value is in its limits; `read` throws for those that are not.
    ///   - read: the value of a field of a manifest.
    ///   - write: text on one line that reads back as the same value, to the last bit.
    public init(
        _ words: String, expected: String? = nil, accepts: @escaping @Sendable (Value) -> Bool = { _ in true },
        read: @escaping @Sendable (Field) throws(ManifestError) -> Value, write: @escaping @Sendable (Value) -> String
    ) {
        self.words = words
        self.expected = expected ?? words
        self.accepts = accepts
        self.read = read
        self.write = write
    }
}

extension ValueSyntax<Int> {
    /// A whole number in decimal digits.
    public static func whole(_ range: ClosedRange<Int>) -> Self {
        Self(
            "\(range.lowerBound)…\(range.upperBound)", expected: "a whole number of at least \(range.lowerBound)",
            accepts: range.contains, read: { field throws(ManifestError) in try field.int(range) }, write: { "\($0)" })
    }

    /// The size of an axis: width, vocabulary, positions.
    public static var extent: Self { whole(1...Limit.extent) }

    /// Steps, and other counts.
    public static func count(from least: Int) -> Self { whole(least...Limit.count) }
}

extension ValueSyntax<Double> {
    /// A finite number that `accepts` allows; `words` says which those are, as `above 0`.
    public static func number(_ words: String, _ accepts: @escaping @Sendable (Double) -> Bool) -> Self {
        Self(
            "number \(words)", expected: "a number \(words)", accepts: { $0.isFinite && accepts($0) },
            read: { field throws(ManifestError) in try field.number(words, accepts) }, write: YAML.number)
    }

    /// A finite number from 0 on.
    public static var nonNegative: Self { number("of at least 0") { $0 >= 0 } }
    /// A finite number above 0.
    public static var positive: Self { number("above 0") { $0 > 0 } }

    /// What one number in so many is: from 0 to below 1, also as f32.
    public static var fraction: Self { number("from 0 to below 1") { $0 >= 0 && Float($0) < 1 } }

    /// What numbers of any floating-point type are multiplied with: as f16 it is neither 0 nor infinite.
    public static var factor: Self { number("from 1e-6 to 65504") { $0 >= 1e-6 && $0 <= 65504 } }

    /// What a norm adds to a variance before it takes the root.
    public static var epsilon: Self { number("above 0 and at most 1") { $0 > 0 && $0 <= 1 } }
}

extension ValueSyntax<Bool> {
    /// `true` or `false`.
    public static var flag: Self {
        Self(
            "`true`, `false`", expected: "true or false", read: { field throws(ManifestError) in try field.bool() },
            write: { "\($0)" })
    }
}

extension ValueSyntax<String> {
    /// A text that is not empty, which `what` describes.
    public static func text(_ what: String) -> Self {
        Self(
            what, accepts: { !$0.isEmpty }, read: { field throws(ManifestError) in try field.text(what) },
            write: YAML.quoted)
    }
}

extension ValueSyntax where Value: CaseIterable & RawRepresentable<String> {
    /// One of the raw values.
    public static func choice(of type: Value.Type = Value.self) -> Self {
        let names = Value.allCases.map(\.rawValue)
        return Self(
            names.map { "`\($0)`" }.joined(separator: ", "), expected: names.listed(with: "or"),
            read: { field throws(ManifestError) in try field.choice(type) }, write: \.rawValue)
    }
}

extension ValueSyntax<[Int]> {
    /// A list of extents, `least` or more, whose product is at most what a sample may hold.
    public static func extents(of what: String) -> Self {
        Self(
            "list of \(what)", expected: "\(what) of at least 1", accepts: { !$0.isEmpty && product($0) != nil },
            read: { field throws(ManifestError) in try readExtents(field, of: what) },
            write: { YAML.list($0.map(String.init)) })
    }

    private static func readExtents(_ field: Field, of what: String) throws(ManifestError) -> [Int] {
        var extents: [Int] = []
        for entry in try field.list(of: what) {
            extents.append(try entry.int(1...Limit.extent))
            guard product(extents) != nil else {
                throw entry.error("\(field.path) has too many elements", expected: "at most \(Limit.elements)")
            }
        }
        return extents
    }

    /// The product, or nil where an extent or the product is out of bounds. Both factors are small: 2^40 and 2^24.
    private static func product(_ extents: [Int]) -> Int? {
        var elements = 1
        for extent in extents {
            guard (1...Limit.extent).contains(extent) else { return nil }
            let (next, overflow) = elements.multipliedReportingOverflow(by: extent)
            guard !overflow, next <= Limit.elements else { return nil }
            elements = next
        }
        return elements
    }
}
