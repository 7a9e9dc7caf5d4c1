/// Which activations are computed a second time instead of kept.
public enum Recomputation: Hashable, Sendable {
    /// Nothing is computed twice: every activation that a backward half reads is kept.
    case none
    /// All of a stage's: only what enters the stage is kept.
    case stage
    /// In segments of so many layers: what enters each segment is kept. A part of a layer counts as one.
    case every(Int)
    /// Of these layers, by number in rising order: what enters each of them is kept, and all of the others'.
    case layers([Int])

    /// Whether a layer's forward is computed twice.
    public func recomputes(layer: Int) -> Bool {
        switch self {
        case .none: false
        case .stage, .every: true
        case .layers(let layers): layers.contains(layer)
        }
    }

    /// The nodes of a stage that are recomputed, in segments, each as a whole; no list where nothing is.
    func segments(of entries: Range<Int>, in model: ModelGraph) -> [Range<Int>] {
        let length: Int
        switch self {
        case .none: return []
        case .stage: length = entries.count
        case .every(let count): length = max(count, 1)
        case .layers: length = 1
        }
        let firsts = entries.filter { entry in
            entry == entries.lowerBound || model.entries[entry].layer != model.entries[entry - 1].layer
        }
        let bounds = stride(from: 0, to: firsts.count, by: length).map { firsts[$0] } + [entries.upperBound]
        return zip(bounds, bounds.dropFirst()).filter { recomputes(layer: model.entries[$0.0].layer) }.map {
            first, end in
            model.entries[first].nodes.lowerBound..<model.entries[end - 1].nodes.upperBound
        }.filter { !$0.isEmpty }
    }
}
