/// A set of Unicode scalars as a regular expression's `[…]` describes it.
struct ScalarSet: Hashable {
    /// A bit for each ASCII character: 0 to 63, 64 to 127.
    var low: UInt64 = 0
    var high: UInt64 = 0
    /// Beyond ASCII: a bit for each category of `ScalarClasses`, then ranges.
    var categories: UInt32 = 0
    var hasWordScalars = false
    var ranges: [ClosedRange<UInt32>] = []
    /// Beyond ASCII the set is what the three above do not hold.
    var isInverted = false

    static let newline = ScalarSet([0x0A...0x0A])
    static let any = ScalarSet(categories: .max)
    static let whiteSpace = {
        var set = ScalarSet([0x09...0x0D, 0x20...0x20])
        set.categories = (ScalarClasses.mask(named: "Z") ?? 0) | 1 << UInt32(ScalarClasses.nextLine)
        return set
    }()
    static let digits = ScalarSet(categories: ScalarClasses.mask(named: "Nd") ?? 0)
    static let words = {
        var set = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
        set.hasWordScalars = true
        return set
    }()

    /// `\w` outside of brackets: Oniguruma then takes raised digits and fractions of Latin-1 too.
    static let wordsAndFractions = {
        var set = words
        for range: ClosedRange<UInt32> in [0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE] { set.add(range) }
        return set
    }()

    init() {}

    init(_ ranges: [ClosedRange<UInt32>]) { ranges.forEach { add($0) } }

    init(categories: UInt32) {
        self.categories = categories
        for value in UInt32(0)..<0x80 where categories >> UInt32(ScalarClasses.shared.category(value)) & 1 == 1 {
            add(ascii: value)
        }
    }

    mutating func add(_ range: ClosedRange<UInt32>) {
        for value in range where value < 0x80 { add(ascii: value) }
        if range.upperBound >= 0x80 { ranges.append(max(range.lowerBound, 0x80)...range.upperBound) }
    }

    private mutating func add(ascii value: UInt32) {
        if value < 64 { low |= 1 << UInt64(value) } else { high |= 1 << UInt64(value - 64) }
    }

    /// Adds another set; false where the union has no such form.
    mutating func add(_ other: ScalarSet) -> Bool {
        low |= other.low
        high |= other.high
        if other.isInverted {
            guard other.ranges.isEmpty, !other.hasWordScalars else { return false }
            categories |= ~other.categories
        } else {
            categories |= other.categories
            hasWordScalars = hasWordScalars || other.hasWordScalars
            ranges += other.ranges
        }
        return true
    }

    var inverted: ScalarSet {
        var set = self
        set.low = ~low
        set.high = ~high
        set.isInverted.toggle()
        return set
    }

    /// With both cases of each ASCII letter, and what else Unicode folds to one: U+017F to s, U+212A to k.
    /// nil where letters beyond ASCII would have to be folded.
    var ignoringCase: ScalarSet? {
        guard !isInverted, categories == 0, ranges.isEmpty, !hasWordScalars else { return nil }
        var set = self
        let letters: UInt64 = 0x07FF_FFFE
        let both = (high | high >> 32) & letters
        set.high |= both | both << 32
        if set.high >> 0x33 & 1 == 1 { set.ranges.append(0x17F...0x17F) }
        if set.high >> 0x2B & 1 == 1 { set.ranges.append(0x212A...0x212A) }
        return set
    }

    func contains(_ value: UInt32) -> Bool {
        if value < 0x80 { return (value < 64 ? low >> UInt64(value) : high >> UInt64(value - 64)) & 1 == 1 }
        let scalarClass = ScalarClasses.shared.of(value)
        let isListed =
            categories >> UInt32(scalarClass & 0x1F) & 1 == 1
            || hasWordScalars && scalarClass & ScalarClasses.wordFlag != 0
            || ranges.contains { $0.contains(value) }
        return isListed != isInverted
    }
}
