/// The lengths that micro-batches of samples of different lengths are padded to: few, since each is a shape that a stage
/// prepares, and all of them multiples of eight but the longest.
///
///     LengthLadder(longest: 99).rungs        // 8, 16, 24, … 96, 99
package struct LengthLadder: Hashable, Sendable {
    /// Ascending.
    package let rungs: [Int]

    private static let most = 16

    package init(longest: Int) {
        let step = ((longest + Self.most - 1) / Self.most + 7) / 8 * 8
        rungs = Array(stride(from: step, to: longest, by: step)) + [longest]
    }

    private init(rung: Int) { rungs = [rung] }

    /// Every micro-batch has this length.
    static func fixed(_ length: Int) -> LengthLadder { LengthLadder(rung: length) }

    /// Every micro-batch is as long as the longest.
    package var longest: LengthLadder { .fixed(rungs[rungs.count - 1]) }

    /// The shortest one that holds so many positions, or the longest.
    package func rung(for positions: Int) -> Int { rungs.first { $0 >= positions } ?? rungs[rungs.count - 1] }
}
