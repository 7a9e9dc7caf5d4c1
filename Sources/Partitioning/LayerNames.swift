/// What people call the places of a model, which plans count from 0: a layer's number, and the part's name where a layer
/// may be cut inside.
///
///     let names = LayerNames(["0", "1.attention", "1.mlp", "2"])
///     names.text(0..<2)          // layers 0–1.attention
///     names.cuts([2])            // [1.mlp]
public struct LayerNames: Hashable, Sendable {
    private let places: [Cut]

    /// - Parameter names: by place, in order: `1`, or `1.mlp` of a part. What is no such name is called by its place.
    public init(_ names: [String]) {
        places = names.enumerated().map { Cut($1) ?? Cut(layer: $0) }
    }

    /// Layers without parts.
    public init(count: Int) { places = (0..<max(count, 0)).map { Cut(layer: $0) } }

    /// How many places there are.
    public var count: Int { places.count }

    /// `5`, `5.attention`
    public func name(_ place: Int) -> String { places.indices.contains(place) ? "\(places[place])" : "\(place)" }

    /// The place where a stage begins that a cut names: nil where the model has none such.
    public func place(of cut: Cut) -> Int? {
        places.firstIndex(of: cut) ?? places.firstIndex { $0.layer == cut.layer && cut.part == nil }
    }

    /// What manifests write for stages that begin at these places.
    public func cuts(_ places: [Int]) -> [Cut] { places.map(cut) }

    private func cut(_ place: Int) -> Cut {
        guard places.indices.contains(place) else { return Cut(layer: place) }
        return begins(place) ? Cut(layer: places[place].layer) : places[place]
    }

    /// `layer 5`, `layers 0–5.attention`; the numbers alone of whole layers.
    public func text(_ range: Range<Int>) -> String {
        guard let first = range.first, let last = range.last else { return "no layers" }
        guard places.indices.contains(first), places.indices.contains(last) else {
            return range.count == 1 ? "layer \(first)" : "layers \(first)–\(last)"
        }
        let isInside = places[first].layer == places[last].layer && !(begins(first) && ends(last))
        let from = begins(first) && !isInside ? "\(places[first].layer)" : name(first)
        let to = ends(last) && !isInside ? "\(places[last].layer)" : name(last)
        return from == to ? "layer \(from)" : "layers \(from)–\(to)"
    }

    /// How many layers a range of places has: each part counts as so much of one as it is of its layer's parts.
    public func layerCount(_ range: Range<Int>) -> Double {
        range.reduce(0) { sum, place in
            sum + (places.indices.contains(place) ? 1 / Double(end(of: place) - beginning(of: place) + 1) : 1)
        }
    }

    /// By layer of a range: its number, and whether all of it is there.
    public func layers(in range: Range<Int>) -> [(places: Range<Int>, isWhole: Bool)] {
        var found: [(places: Range<Int>, isWhole: Bool)] = []
        var first = range.lowerBound
        while first < range.upperBound {
            let behind = min(end(of: first) + 1, range.upperBound)
            found.append((first..<behind, begins(first) && ends(behind - 1)))
            first = behind
        }
        return found
    }

    /// Whether a layer begins at a place.
    private func begins(_ place: Int) -> Bool { place == beginning(of: place) }
    /// Whether a layer ends at a place.
    private func ends(_ place: Int) -> Bool { place == end(of: place) }

    private func beginning(of place: Int) -> Int {
        var first = place
        while first > 0, places[first - 1].layer == places[place].layer { first -= 1 }
        return first
    }

    private func end(of place: Int) -> Int {
        var last = place
        while last + 1 < places.count, places[last + 1].layer == places[place].layer { last += 1 }
        return last
    }
}
