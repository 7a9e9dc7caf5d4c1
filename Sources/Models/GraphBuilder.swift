import Layers
import Notation
import Tensors

/// Lays a manifest's list out as nodes over values.
///
/// Re-labelling costs nothing here: `select`, `stash` and `pop` only choose values, views share their bytes, and a
/// residual list is its nested nodes plus an addition.
struct GraphBuilder {
    private(set) var entries: [Entry] = []
    private(set) var nodes: [Node] = []
    private(set) var values: [Value] = []
    /// What the last entry handed on.
    private(set) var current: [Int]
    /// Random streams that nodes have so far.
    private var streams = 0
    /// What was stashed, by its name.
    var portals: [String: Portal] = [:]
    private let dtype: DType
    /// Of caches; nil: there are none.
    private let capacity: Int?
    private let adaptation: Adaptation
    /// By node of the whole model, how it is split, and which part of it this graph is of; nil: it is whole.
    private let sharding: (shard: TensorShard, splits: [LayerSplit?])?

    /// A skip connection: what a `stash` keeps for each `pop` of its name.
    struct Portal {
        var values: [Int]
        var mark: Mark
        var isPopped = false
    }

    /// Where an entry stands: in the list, inside what, and in which file.
    struct Site {
        /// `3` or, inside a residual list, `3.0`
        var path: String
        var entry: Int
        var kind: String
        var mark: Mark
        /// Of a part: the layer that it is a part of, and the number of their streams.
        var whole: (layer: any Layer, stream: Int)?

        var subject: String { "layer \(path) (\(kind))" }

        func error(expected: String, got: String) -> ModelError {
            ModelError(subject, expected: expected, got: got, at: mark)
        }
    }

    init(
        input: TensorSpec, dtype: DType, capacity: Int?, _ adaptation: Adaptation,
        sharding: (shard: TensorShard, splits: [LayerSplit?])? = nil
    ) {
        self.adaptation = adaptation
        self.sharding = sharding
        self.dtype = dtype
        self.capacity = capacity
        values = [Value(spec: input, producer: nil, needsGradient: false, root: 0)]
        current = [0]
    }

    /// Each part of a layer that may be cut inside becomes an entry.
    mutating func append(_ declaration: LayerDeclaration, layer number: Int) throws(ModelError) {
        let path = "\(number)"
        if case .layer(let layer) = declaration.content {
            let whole = adapted(layer, path)
            let parts = whole.parts
            let stream = streams
            for part in parts {
                let first = nodes.count
                let site = Site(
                    path: path, entry: entries.count, kind: declaration.kind, mark: declaration.mark,
                    whole: (whole, stream))
                try place(part.layer, taking: current, site)
                appendEntry(declaration, number, part: part.name, nodes: first..<nodes.count, ofLayer: parts.count)
            }
            guard parts.isEmpty else { return }
        }
        let first = nodes.count
        try place(declaration, path: path, entry: entries.count)
        appendEntry(declaration, number, part: nil, nodes: first..<nodes.count, ofLayer: nodes.count - first)
    }

    private mutating func appendEntry(
        _ declaration: LayerDeclaration, _ number: Int, part: String?, nodes range: Range<Int>, ofLayer count: Int
    ) {
        let own = nodes[range]
        func elements(_ isCounted: (Node, Int) -> Bool) -> Int {
            own.reduce(0) { sum, node in
                node.layer.parameters.enumerated().filter { isCounted(node, $0.offset) }.reduce(sum) {
                    $0 + $1.element.shape.count
                }
            }
        }
        entries.append(
            Entry(
                index: entries.count, layer: number, part: part, kind: declaration.kind, nodes: range,
                nodesOfLayer: count, outputs: current.map { values[$0].spec },
                parameterCount: elements { _, _ in true }, trainedCount: elements { $0.trained[$1] },
                cost: own.reduce(into: LayerCost()) { sum, node in
                    sum.forward += node.plan.cost.forward
                    sum.backwardInput += node.plan.cost.backwardInput
                    sum.backwardWeight += node.plan.cost.backwardWeight
                }))
    }

    private func adapted(_ layer: any Layer, _ path: String) -> any Layer {
        layer.making(dtype).adapting(adaptation.adapters[path] ?? [])
    }

    /// Checks that every portal has both ends.
    func finish() throws(ModelError) {
        let open = portals.filter { !$0.value.isPopped }
        let first = open.min { ($0.value.mark.line, $0.value.mark.column) < ($1.value.mark.line, $1.value.mark.column) }
        guard let (name, portal) = first else { return }
        throw ModelError("stash \"\(name)\"", expected: "a later \"pop: \(name)\"", got: "none", at: portal.mark)
    }

    /// Makes these values the input of what follows.
    mutating func hand(on values: [Int]) { current = values }

    func signature(_ values: [Int]) -> Signature { values.map { self.values[$0].spec } }

    mutating func place(_ declaration: LayerDeclaration, path: String, entry: Int) throws(ModelError) {
        let site = Site(path: path, entry: entry, kind: declaration.kind, mark: declaration.mark)
        switch declaration.content {
        case .layer(let layer):
            try place(adapted(layer, path), taking: current, site)
        case .wiring(let wiring): try wiring.place(in: &self, site)
        }
    }

    mutating func place(_ whole: any Layer, taking inputs: [Int], _ site: Site) throws(ModelError) {
        var plan: LayerPlan
        let layer: any Layer
        do {
            layer = try ownPart(of: whole)
            let input = inputs.map { values[$0].spec }
            if let capacity {
                plan = try layer.plan(for: input, capacity: capacity)
            } else {
                plan = try layer.plan(for: input)
            }
        } catch {
            throw ModelError(site.subject, error, at: site.mark)
        }
        if plan.views.count == plan.outputs.count, layer.parameters.isEmpty {
            current = plan.outputs.indices.map { addView(of: inputs[plan.views[$0]!], plan.outputs[$0]) }
            return
        }
        precondition(plan.views.isEmpty, "\(site.subject): a layer's outputs are all views or none is")
        let node = nodes.count
        for input in inputs { values[values[input].root].consumers.append(node) }
        let trained = adaptation.trained(layer, at: site.path)
        let trains =
            trained.contains(true)
            || inputs.indices.contains { !plan.withoutGradient.contains($0) && values[inputs[$0]].needsGradient }
        plan = plan.narrowed(layer, trained: trained, isReached: trains)
        let outputs = plan.outputs.map { spec in
            values.append(Value(spec: spec, producer: node, needsGradient: trains, root: values.count))
            return values.count - 1
        }
        let stream = site.whole?.stream ?? streams
        streams = stream + 1
        let names = (site.whole?.layer ?? layer).parameters.map(\.name)
        nodes.append(
            Node(
                layer: layer, plan: plan, path: site.path, entry: site.entry, stream: stream,
                parameterPlaces: layer.parameters.map { names.firstIndex(of: $0.name) ?? 0 }, inputs: inputs,
                outputs: outputs, trained: trained,
                hasGradient: trained.contains(true) ? layer.writtenGradients(trained) : trained))
        current = outputs
    }

    /// What this graph's shard has of the next node's layer.
    private func ownPart(of layer: any Layer) throws(LayerError) -> any Layer {
        guard let sharding, nodes.count < sharding.splits.count, let split = sharding.splits[nodes.count] else {
            return layer
        }
        return try layer.sharded(sharding.shard, split)
    }

    private mutating func addView(of value: Int, _ spec: TensorSpec) -> Int {
        let source = values[value]
        values.append(
            Value(spec: spec, producer: source.producer, needsGradient: source.needsGradient, root: source.root))
        return values.count - 1
    }
}

extension Signature {
    /// `f32[2 × 8]`, or a tuple of them.
    var text: String { count == 1 ? self[0].description : "(" + map(\.description).joined(separator: ", ") + ")" }
}
