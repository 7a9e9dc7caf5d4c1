/// The unit in which steps are kept or left out: four consecutive steps.
///
/// Neighbours are kept together because a step's accounts depend on where the step before left each rank.
enum EventBlock {
    static let length = 4

    /// The first block is of the highest level: it is always kept.
    static func level(ofStep step: Int) -> Int {
        let block = step / length
        return block == 0 ? 62 : min(62, block.trailingZeroBitCount)
    }
}
