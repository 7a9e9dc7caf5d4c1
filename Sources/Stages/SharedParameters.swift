import Models

/// Which parameters of a stage are one tensor in memory: those that the model ties and that live on this stage share the
/// first one's master and optimizer state.
struct SharedParameters {
    /// A parameter's place: the stage's node, counted from 0, and the parameter within it.
    struct Place: Hashable {
        var node: Int
        var parameter: Int
    }

    /// By later member: the first member of its tie on this stage.
    private var firstOf: [Place: Place] = [:]

    init(_ model: ModelGraph, nodes: Range<Int>) {
        for tie in model.ties {
            let own = tie.members.filter { nodes.contains($0.node) }.map {
                Place(node: $0.node - nodes.lowerBound, parameter: $0.parameter)
            }
            for later in own.dropFirst() { firstOf[later] = own[0] }
        }
    }

    /// Whether the parameter's memory is another one's.
    func isLater(_ node: Int, _ parameter: Int) -> Bool {
        firstOf[Place(node: node, parameter: parameter)] != nil
    }

    /// The parameters whose memory is this one's.
    func later(than place: Place) -> [Place] {
        firstOf.filter { $0.value == place }.keys.sorted { ($0.node, $0.parameter) < ($1.node, $1.parameter) }
    }

    /// What has memory of its own, by node.
    func separate<Element>(_ all: [[Element]]) -> [[Element]] {
        all.enumerated().map { node, own in
            own.enumerated().filter { !isLater(node, $0.offset) }.map(\.element)
        }
    }

    /// The opposite: later members get the first one's.
    func joined<Element>(_ separate: [[Element]]) -> [[Element]] {
        var result: [[Element]] = []
        var pending = firstOf.keys.sorted { ($0.node, $0.parameter) < ($1.node, $1.parameter) }[...]
        for (node, own) in separate.enumerated() {
            var own = own
            while let place = pending.first, place.node == node, let first = firstOf[place] {
                let element = first.node == node ? own[first.parameter] : result[first.node][first.parameter]
                own.insert(element, at: place.parameter)
                pending.removeFirst()
            }
            result.append(own)
        }
        return result
    }
}
