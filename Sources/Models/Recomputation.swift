/// Which activations are computed a second time instead of kept.
public enum Recomputation: Hashable, Sendable {
    /// Nothing is computed twice: every activation that a backward half reads is kept.
    case none
    /// All of a stage's: only what enters the stage is kept.
    case stage
    /// In segments of so many layers: what enters each segment is kept. A part of a layer counts as one.
    case every(Int)

    /// The stage's nodes in segments, each recomputed as a whole; one empty list where nothing is.
    func segments(of entries: Range<Int>, in model: ModelGraph) -> [Range<Int>] {
        let length: Int
        switch self {
        case .none: return []
        case .stage: length = entries.count
        case .every(let count): length = max(count, 1)
        }
        let firsts = entries.filter { entry in
            entry == entries.lowerBound || model.entries[entry].layer != model.entries[entry - 1].layer
        }
        let bounds = stride(from: 0, to: firsts.count, by: length).map { firsts[$0] } + [entries.upperBound]
        return zip(bounds, bounds.dropFirst()).map { first, end in
            model.entries[first].nodes.lowerBound..<model.entries[end - 1].nodes.upperBound
        }
    }
}
