/// The general category of every Unicode scalar, as one byte each, for scanners that look at millions.
///
/// The versions of Unicode are those that Hugging Face's `tokenizers` 0.23 was built with, so that scalars which were
/// assigned later split a text as they do there: its regular expressions know Unicode 16.
struct ScalarClasses: @unchecked Sendable {
    static let shared = ScalarClasses()

    /// Made once, in some 15 ms, and never freed.
    let table: UnsafePointer<UInt8>
    /// Above it there are tags, selectors of variants and private use only.
    static let end: UInt32 = 0x34000

    /// The class of U+0085: a control character that is white space too.
    static let nextLine: UInt8 = 31
    /// In a class: the scalar is part of words, as `\w` has it.
    static let wordFlag: UInt8 = 0x80

    private init() {
        let classes = UnsafeMutablePointer<UInt8>.allocate(capacity: Int(Self.end))
        for value in 0..<Self.end { classes[Int(value)] = UnicodeScalar(value).map(Self.classify) ?? 0 }
        table = UnsafePointer(classes)
    }

    /// The category's number, 0 to 31, and `wordFlag`.
    @inline(__always) func of(_ value: UInt32) -> UInt8 {
        value < Self.end ? table[Int(value)] : Self.rare(value)
    }

    static func rare(_ value: UInt32) -> UInt8 {
        switch value {
        case 0xE0001, 0xE0020...0xE007F: 2
        case 0xE0100...0xE01EF: 10 | wordFlag
        case 0xF0000...0xFFFFD, 0x100000...0x10FFFD: 3
        default: 0
        }
    }

    @inline(__always) func category(_ value: UInt32) -> UInt8 { of(value) & 0x1F }

    private static func classify(_ scalar: UnicodeScalar) -> UInt8 {
        let properties = scalar.properties
        if scalar.value == 0x85 { return nextLine }
        // U+0295 was a lower-case letter until Unicode 17.
        if scalar.value == 0x295 { return number(.lowercaseLetter) | wordFlag }
        guard let age = properties.age, age.major <= 16 else { return number(.unassigned) }
        let category = properties.generalCategory
        let isWord: Bool =
            switch category {
            case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: true
            default: properties.isAlphabetic
            }
        return number(category) | (isWord ? wordFlag : 0)
    }

    private static let order: [Unicode.GeneralCategory] = [
        .unassigned, .control, .format, .privateUse, .surrogate, .uppercaseLetter, .lowercaseLetter, .titlecaseLetter,
        .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber,
        .otherNumber, .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
        .initialPunctuation, .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol,
        .otherSymbol, .spaceSeparator, .lineSeparator, .paragraphSeparator,
    ]

    private static let numbers = Dictionary(uniqueKeysWithValues: zip(order, UInt8(0)...))
    private static func number(_ category: Unicode.GeneralCategory) -> UInt8 { numbers[category] ?? 0 }

    /// The categories that a name of a regular expression stands for, as bits: `L`, `Lu`, `Nd`, `P`.
    static func mask(named name: some StringProtocol) -> UInt32? {
        let groups: [String: Range<Int>] = [
            "C": 0..<5, "Cn": 0..<1, "Cc": 1..<2, "Cf": 2..<3, "Co": 3..<4, "Cs": 4..<5, "L": 5..<10, "Lu": 5..<6,
            "Ll": 6..<7, "Lt": 7..<8, "Lm": 8..<9, "Lo": 9..<10, "M": 10..<13, "Mn": 10..<11, "Mc": 11..<12,
            "Me": 12..<13, "N": 13..<16, "Nd": 13..<14, "Nl": 14..<15, "No": 15..<16, "P": 16..<23, "Pc": 16..<17,
            "Pd": 17..<18, "Ps": 18..<19, "Pe": 19..<20, "Pi": 20..<21, "Pf": 21..<22, "Po": 22..<23, "S": 23..<27,
            "Sm": 23..<24, "Sc": 24..<25, "Sk": 25..<26, "So": 26..<27, "Z": 27..<30, "Zs": 27..<28, "Zl": 28..<29,
            "Zp": 29..<30,
        ]
        guard let range = groups[String(name)] else { return nil }
        let mask = range.reduce(UInt32(0)) { $0 | 1 << UInt32($1) }
        return name == "C" || name == "Cc" ? mask | 1 << UInt32(nextLine) : mask
    }
}
