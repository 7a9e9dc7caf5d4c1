/// Which activations are computed a second time instead of kept.
public enum Recomputation: Hashable, Sendable {
    /// Nothing is computed twice: every activation that a backward half reads is kept.
    case none
    /// All of a stage's: only what enters the stage is kept.
    case stage
    /// In segments of so many entries: what enters each segment is kept.
    case every(Int)

    /// The stage's nodes in segments, each recomputed as a whole; one empty list where nothing is.
    func segments(of entries: Range<Int>, in model: ModelGraph) -> [Range<Int>] {
        let length: Int
        switch self {
        case .none: return []
        case .stage: length = entries.count
        case .every(let count): length = max(count, 1)
        }
        return stride(from: entries.lowerBound, to: entries.upperBound, by: length).map { first in
            let last = min(first + length, entries.upperBound) - 1
            return model.entries[first].nodes.lowerBound..<model.entries[last].nodes.upperBound
        }
    }
}
