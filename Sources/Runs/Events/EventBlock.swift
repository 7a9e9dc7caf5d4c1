/// The unit that steps are kept and left out by: four steps that follow each other.
///
/// Neighbours are kept together because a step's accounts depend on where the step before left each rank.
enum EventBlock {
    static let length = 4

    /// The first block counts as the roundest of all: it is always kept.
    static func level(ofStep step: Int) -> Int {
        let block = step / length
        return block == 0 ? 62 : min(62, block.trailingZeroBitCount)
    }
}
