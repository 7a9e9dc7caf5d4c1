import Layers
import Manifests
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
    private var stashed: [String: (values: [Int], mark: Mark)] = [:]
    private var popped: Set<String> = []
    private let dtype: DType

    init(input: TensorSpec, dtype: DType) {
        self.dtype = dtype
        values = [Value(spec: input, producer: nil, needsGradient: false, root: 0)]
        current = [0]
    }

    mutating func append(_ declaration: LayerDeclaration, entry: Int) throws(ModelError) {
        let first = nodes.count
        try place(declaration, path: "\(entry)", entry: entry)
        let own = nodes[first...]
        entries.append(
            Entry(
                index: entry, kind: declaration.kind.name, nodes: first..<nodes.count,
                outputs: current.map { values[$0].spec },
                parameterCount: own.reduce(0) { $0 + $1.layer.parameters.reduce(0) { $0 + $1.shape.count } },
                cost: own.reduce(into: LayerCost()) { sum, node in
                    sum.forward += node.plan.cost.forward
                    sum.backwardInput += node.plan.cost.backwardInput
                    sum.backwardWeight += node.plan.cost.backwardWeight
                }))
    }

    /// Checks that every portal has both ends.
    func finish() throws(ModelError) {
        let portals = stashed.sorted {
            ($0.value.mark.line, $0.value.mark.column) < ($1.value.mark.line, $1.value.mark.column)
        }
        for (name, portal) in portals where !popped.contains(name) {
            throw ModelError(
                "stash \"\(name)\"", expected: "a later \"pop: \(name)\"", got: "none", at: portal.mark)
        }
    }

    private mutating func place(_ declaration: LayerDeclaration, path: String, entry: Int) throws(ModelError) {
        let subject = "layer \(path) (\(declaration.kind.name))"
        switch declaration.kind {
        case .residual(let list):
            try placeResidual(list, path: path, entry: entry, subject: subject, mark: declaration.mark)
        case .select(let index):
            guard current.indices.contains(index) else {
                throw ModelError(
                    subject, expected: "an index from 0 to \(current.count - 1)", got: "\(index)",
                    at: declaration.mark)
            }
            current = [current[index]]
        case .stash(let name):
            guard stashed[name] == nil else {
                throw ModelError(subject, expected: "a name used once", got: "\"\(name)\" again", at: declaration.mark)
            }
            stashed[name] = (current, declaration.mark)
        case .pop(let name):
            guard let portal = stashed[name] else {
                throw ModelError(
                    subject, expected: "an earlier \"stash: \(name)\"", got: "none", at: declaration.mark)
            }
            guard popped.insert(name).inserted else {
                throw ModelError(
                    subject, expected: "one pop for each stash", got: "\"\(name)\" popped twice", at: declaration.mark)
            }
            current += portal.values
        default:
            guard let layer = declaration.kind.makeLayer(dtype) else { preconditionFailure("\(subject) is no layer") }
            try place(layer, taking: current, path: path, entry: entry, subject: subject, mark: declaration.mark)
        }
    }

    private mutating func placeResidual(
        _ list: [LayerDeclaration], path: String, entry: Int, subject: String, mark: Mark
    ) throws(ModelError) {
        let skip = current
        for (index, nested) in list.enumerated() {
            try place(nested, path: "\(path).\(index)", entry: entry)
        }
        let branch = current
        let (before, after) = (skip.map { values[$0].spec }, branch.map { values[$0].spec })
        guard before == after else {
            throw ModelError(
                subject, expected: "the nested layers to keep \(before.text)", got: after.text, at: mark)
        }
        current = []
        var sums: [Int] = []
        for (one, other) in zip(branch, skip) {
            try place(Add(), taking: [one, other], path: path, entry: entry, subject: subject, mark: mark)
            sums += current
        }
        current = sums
    }

    private mutating func place(
        _ layer: any Layer, taking inputs: [Int], path: String, entry: Int, subject: String, mark: Mark
    ) throws(ModelError) {
        let plan: LayerPlan
        do {
            plan = try layer.plan(for: inputs.map { values[$0].spec })
        } catch {
            throw ModelError(subject, error, at: mark)
        }
        if plan.views.count == plan.outputs.count, layer.parameters.isEmpty {
            current = plan.outputs.indices.map { addView(of: inputs[plan.views[$0]!], plan.outputs[$0]) }
            return
        }
        precondition(plan.views.isEmpty, "\(subject): a layer's outputs are all views or none is")
        let node = nodes.count
        for input in inputs { values[values[input].root].consumers.append(node) }
        let trains =
            !layer.parameters.isEmpty
            || inputs.indices.contains { !plan.withoutGradient.contains($0) && values[inputs[$0]].needsGradient }
        let outputs = plan.outputs.map { spec in
            values.append(Value(spec: spec, producer: node, needsGradient: trains, root: values.count))
            return values.count - 1
        }
        nodes.append(Node(layer: layer, plan: plan, path: path, entry: entry, inputs: inputs, outputs: outputs))
        current = outputs
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
