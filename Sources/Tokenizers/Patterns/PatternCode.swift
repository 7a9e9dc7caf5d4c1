/// A compiled pattern as the matcher reads it: one block of memory for each kind of thing, without checks of bounds. The
/// numbers that lead from one to the other are the compiler's own.
final class PatternCode: @unchecked Sendable {
    /// A set; beyond ASCII a bit for each category, unless more than that decides.
    struct FlatSet {
        var low: UInt64
        var high: UInt64
        var categories: UInt32
        var isComplex: Bool

        init(low: UInt64, high: UInt64, categories: UInt32, isComplex: Bool = false) {
            self.low = low
            self.high = high
            self.categories = categories
            self.isComplex = isComplex
        }

        init(_ set: ScalarSet) {
            self.init(
                low: set.low, high: set.high, categories: set.isInverted ? ~set.categories : set.categories,
                isComplex: !set.ranges.isEmpty || set.hasWordScalars)
        }
    }

    let instructions: UnsafePointer<Pattern.Instruction>
    let sets: UnsafePointer<FlatSet>
    private let fullSets: [ScalarSet]
    /// For each choice 128 masks for ASCII, 32 for categories, one for the text's end: a bit for each target.
    let masks: UnsafePointer<UInt64>
    /// For each choice 64.
    let targets: UnsafePointer<Int32>
    private let classes = ScalarClasses.shared.table
    /// What a match may begin with; nil where it may be empty.
    let first: FlatSet?

    static let masksOfChoice = 128 + 32 + 1

    init(
        _ instructions: [Pattern.Instruction], sets: [ScalarSet], choices: [Pattern.Choice], first: FlatSet?
    ) {
        self.instructions = Self.copy(instructions)
        self.sets = Self.copy(sets.map(FlatSet.init))
        fullSets = sets
        masks = Self.copy(choices.flatMap { $0.ascii + $0.categories + [$0.atEnd] })
        targets = Self.copy(choices.flatMap { $0.targets + [Int32](repeating: 0, count: 64 - $0.targets.count) })
        self.first = first
    }

    deinit {
        instructions.deallocate()
        sets.deallocate()
        masks.deallocate()
        targets.deallocate()
    }

    private static func copy<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
        memory.initialize(from: elements, count: elements.count)
        return UnsafePointer(memory)
    }

    @inline(__always) private func category(_ value: UInt32) -> UInt32 {
        UInt32((value < ScalarClasses.end ? classes[Int(value)] : ScalarClasses.rare(value)) & 0x1F)
    }

    /// Whether a set without more than categories beyond ASCII holds the scalar.
    @inline(__always) func holds(_ set: FlatSet, _ value: UInt32) -> Bool {
        if value < 0x80 { return (value < 64 ? set.low >> UInt64(value) : set.high >> UInt64(value - 64)) & 1 == 1 }
        return set.categories >> category(value) & 1 == 1
    }

    @inline(__always) func contains(_ set: Int32, _ value: UInt32) -> Bool {
        let flat = sets[Int(set)]
        return flat.isComplex && value >= 0x80 ? fullSets[Int(set)].contains(value) : holds(flat, value)
    }

    /// The targets of a choice that may match at this place.
    @inline(__always) func candidates(_ choice: Int32, _ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> UInt64 {
        let masks = masks + Int(choice) * Self.masksOfChoice
        guard at < text.count else { return masks[128 + 32] }
        let value = text.scalar(at: at).value
        return value < 0x80 ? masks[Int(value)] : masks[128 + Int(category(value))]
    }

    @inline(__always) func target(_ choice: Int32, _ candidates: UInt64) -> Int {
        Int(targets[Int(choice) * 64 + candidates.trailingZeroBitCount])
    }
}
