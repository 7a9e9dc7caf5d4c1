/// A model cut into stages: who runs which entries, and which values cross from one stage to another.
///
///     let layout = PipelineLayout(model, cuts: [4, 8])      // three stages
///     layout.stages[1].entries                              // 4..<8
public struct PipelineLayout: Sendable {
    /// In the order of the data flow.
    public let stages: [Stage]
    /// What each stage sends to each later one, sorted by sender and receiver; pairs that share nothing are left out.
    public let crossings: [Crossing]

    /// One stage: a run of entries and the nodes they became.
    public struct Stage: Sendable {
        /// Its place in the data flow, counted from 0.
        public var index: Int
        /// The entries of the model that it runs.
        public var entries: Range<Int>
        /// The nodes that those entries became.
        public var nodes: Range<Int>
        /// Whether it evaluates the loss.
        public var isLast: Bool
        /// Indices into `crossings`: what comes in, in the order of the sending stages.
        public var imports: [Int]
        /// Indices into `crossings`: what goes out, in the order of the receiving stages.
        public var exports: [Int]
    }

    /// Everything that travels directly from one stage to another, later one, for each micro-batch.
    public struct Crossing: Sendable, Hashable {
        /// The stage that sends the values and receives their gradients.
        public var from: Int
        /// The stage that receives the values and sends their gradients.
        public var to: Int
        /// Root values, in order; one message each.
        public var values: [Int]
        /// What comes back, in order; one message each.
        public var gradients: [Contribution]
    }

    /// A part of a value's gradient: the sum over these consumers, the last one first.
    public struct Contribution: Sendable, Hashable {
        /// The root value whose gradient it is a part of.
        public var value: Int
        /// Nodes, by index, that use the value; the loss counts as the node behind the last.
        public var consumers: [Int]
    }

    /// - Parameters:
    ///   - model: the whole model.
    ///   - cuts: the first entry of each stage but the first; strictly increasing, inside the model.
    public init(_ model: ModelGraph, cuts: [Int]) {
        let bounds = [0] + cuts + [model.entries.count]
        let ranges = zip(bounds, bounds.dropFirst()).map { $0..<$1 }
        let nodeRanges = ranges.map { range in
            model.entries[range.lowerBound].nodes.lowerBound..<model.entries[range.upperBound - 1].nodes.upperBound
        }
        let stageOfNode =
            nodeRanges.enumerated().flatMap { stage, nodes in nodes.map { _ in stage } } + [ranges.count - 1]
        let crossings = Self.crossings(model, stageOfNode: stageOfNode)
        self.crossings = crossings
        stages = ranges.indices.map { index in
            Stage(
                index: index, entries: ranges[index], nodes: nodeRanges[index], isLast: index == ranges.count - 1,
                imports: crossings.indices.filter { crossings[$0].to == index },
                exports: crossings.indices.filter { crossings[$0].from == index })
        }
    }

    /// Who uses a root value, in order of execution; the loss counts as the node behind the last.
    static func consumers(of value: Int, in model: ModelGraph) -> [Int] {
        let loss = model.values[model.prediction].root == value ? [model.nodes.count] : []
        return Array(Set(model.values[value].consumers)).sorted() + loss
    }

    private static func crossings(_ model: ModelGraph, stageOfNode: [Int]) -> [Crossing] {
        var found: [[Int]: Crossing] = [:]
        for value in model.values.indices where model.values[value].root == value {
            let home = model.values[value].producer.map { stageOfNode[$0] } ?? 0
            let consumers = consumers(of: value, in: model)
            let last = consumers.last.map { stageOfNode[$0] } ?? home
            let byStage = Dictionary(grouping: consumers) { stageOfNode[$0] }
            for (stage, users) in byStage where stage != home {
                var crossing = found[[home, stage]] ?? Crossing(from: home, to: stage, values: [], gradients: [])
                crossing.values.append(value)
                if model.values[value].needsGradient {
                    crossing.gradients += contributions(value, users, isLast: stage == last)
                }
                found[[home, stage]] = crossing
            }
        }
        return found.values.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
    }

    /// The last stage that uses a value may sum its consumers' gradients itself: that sum is the beginning of the sum
    /// over all consumers, last one first, whatever the cuts are. Earlier ones send each on its own.
    private static func contributions(_ value: Int, _ users: [Int], isLast: Bool) -> [Contribution] {
        isLast
            ? [Contribution(value: value, consumers: users)]
            : users.reversed().map { Contribution(value: value, consumers: [$0]) }
    }
}
