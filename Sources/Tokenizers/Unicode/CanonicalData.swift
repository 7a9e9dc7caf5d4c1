internal import Foundation

/// How Unicode scalars decompose and compose (Unicode Standard Annex #15), asked of Foundation once and kept in tables.
///
/// Scalars that came after Unicode 9 stand for themselves: `tokenizers` 0.23 normalises by that version.
struct CanonicalData: Sendable {
    static let shared = CanonicalData()

    /// What a scalar becomes, all the way down; none for those that stand for themselves.
    private var canonical = Decompositions()
    private var compatible = Decompositions()
    private var compositions: [UInt64: UInt32] = [:]
    /// For scalars below `end`: the combining class, and what normalising must look at.
    private var classes: [UInt8]
    private var flags: [UInt8]
    private static let end = 0x30000

    /// Bits of `flags`: the scalar decomposes, or may compose with one before it or be moved.
    private static let decomposes: UInt8 = 1
    private static let decomposesCompatibly: UInt8 = 2
    private static let composes: UInt8 = 4

    private init() {
        classes = [UInt8](repeating: 0, count: Self.end)
        flags = classes
        // No ideograph or syllable of these blocks has a decomposition but Hangul's, which is arithmetic.
        for value in [0xA0..<0x3400, 0xA000..<0xAC00, 0xF900..<0x12000, 0x1D000..<0x1F300, 0x2F800..<0x2FA20].joined() {
            if let scalar = UnicodeScalar(UInt32(value)) { add(scalar) }
        }
        // Vowels and final consonants of Hangul.
        for value in [0x1161..<0x1176, 0x11A8..<0x11C3].joined() { flags[value] |= Self.composes }
        for value in 0xAC00..<0xD7A4 { flags[value] |= Self.decomposes | Self.decomposesCompatibly }
    }

    private mutating func add(_ scalar: UnicodeScalar) {
        guard let age = scalar.properties.age, age.major <= 9 else { return }
        let value = Int(scalar.value)
        classes[value] = scalar.properties.canonicalCombiningClass.rawValue
        if classes[value] != 0 { flags[value] |= Self.composes }
        let text = String(scalar)
        let parts = Self.values(text.decomposedStringWithCanonicalMapping)
        if parts != [scalar.value] {
            canonical.add(scalar, parts)
            flags[value] |= Self.decomposes
            addComposition(scalar, parts)
        }
        let compatibleParts = Self.values(text.decomposedStringWithCompatibilityMapping)
        if compatibleParts != [scalar.value] {
            compatible.add(scalar, compatibleParts)
            flags[value] |= Self.decomposesCompatibly
        }
    }

    /// The pair that makes a scalar: what all but its last part compose to, and that.
    private mutating func addComposition(_ scalar: UnicodeScalar, _ parts: [UInt32]) {
        guard !scalar.properties.isFullCompositionExclusion, let last = parts.last, Int(last) < Self.end else { return }
        let rest = String(String.UnicodeScalarView(parts.dropLast().compactMap(UnicodeScalar.init)))
        let first = Self.values(rest.precomposedStringWithCanonicalMapping)
        guard first.count == 1 else { return }
        compositions[Self.key(first[0], last)] = scalar.value
        flags[Int(last)] |= Self.composes
    }

    private static func values(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

    private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

    func combiningClass(_ value: UInt32) -> UInt8 { value < Self.end ? classes[Int(value)] : 0 }

    /// Whether a text of this scalar after any other is in the form already.
    func isInert(_ value: UInt32, _ form: UnicodeForm) -> Bool {
        guard value < Self.end else { return true }
        let mask: UInt8 =
            form.isCompatible ? Self.decomposesCompatibly | Self.composes : Self.decomposes | Self.composes
        return flags[Int(value)] & mask == 0
    }

    /// Calls `part` with each part of the scalar, or with itself.
    @inline(__always) func decompose(_ value: UInt32, _ form: UnicodeForm, _ part: (UInt32) -> Void) {
        if isInert(value, form) { return part(value) }
        if let syllable = Hangul(value) { return syllable.parts.forEach(part) }
        if form.isCompatible { compatible.forEachPart(value, part) } else { canonical.forEachPart(value, part) }
    }

    /// The scalar that two make.
    func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        guard second < Self.end, flags[Int(second)] & Self.composes != 0 else { return nil }
        return Hangul.compose(first, second) ?? compositions[Self.key(first, second)]
    }
}

/// What scalars decompose to, one behind the other.
private struct Decompositions: Sendable {
    /// For a scalar where its parts begin, times 32, and how many they are.
    private var places = ScalarMap()
    private var parts: [UInt32] = []

    mutating func add(_ scalar: UnicodeScalar, _ values: [UInt32]) {
        places.set(scalar, Int32(parts.count << 5 | values.count))
        parts += values
    }

    @inline(__always) func forEachPart(_ value: UInt32, _ part: (UInt32) -> Void) {
        let place = Int(places.find(value))
        guard place >= 0 else { return part(value) }
        for index in place >> 5..<place >> 5 + place & 31 { part(parts[index]) }
    }
}

/// A form that Unicode normalises to.
enum UnicodeForm: String, Hashable, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    var isCompatible: Bool { self == .nfkc || self == .nfkd }
    var composes: Bool { self == .nfc || self == .nfkc }
}

/// A syllable of Hangul and its letters (The Unicode Standard, section 3.12).
struct Hangul {
    private static let base: UInt32 = 0xAC00
    private static let (leads, vowels, tails): (UInt32, UInt32, UInt32) = (0x1100, 0x1161, 0x11A7)
    private static let (vowelCount, tailCount): (UInt32, UInt32) = (21, 28)
    private let index: UInt32

    init?(_ value: UInt32) {
        guard (Self.base..<Self.base + 19 * 21 * 28).contains(value) else { return nil }
        index = value - Self.base
    }

    var parts: [UInt32] {
        let block = Self.vowelCount * Self.tailCount
        let parts = [Self.leads + index / block, Self.vowels + index % block / Self.tailCount]
        let tail = index % Self.tailCount
        return tail == 0 ? parts : parts + [Self.tails + tail]
    }

    static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if (leads..<leads + 19).contains(first), (vowels..<vowels + vowelCount).contains(second) {
            return base + ((first - leads) * vowelCount + second - vowels) * tailCount
        }
        guard let syllable = Hangul(first), syllable.index % tailCount == 0,
            (tails + 1..<tails + tailCount).contains(second)
        else { return nil }
        return first + second - tails
    }
}
