import Layers
public import Tensors

extension StageProgram {
    /// - Parameters:
    ///   - model: the whole model.
    ///   - layout: how it is cut.
    ///   - stage: which stage, counted from 0.
    ///   - splitsBackward: whether the schedule runs the two backward halves apart, so that what lies between them must
    ///     stay.
    ///   - recomputation: which activations are computed again instead of kept.
    ///   - backend: says how much scratch its attention needs.
    public init(
        _ model: ModelGraph, _ layout: PipelineLayout, stage: Int, splitsBackward: Bool,
        recomputation: Recomputation = .none, on backend: any Backend
    ) {
        var builder = StageProgramBuilder(
            model, layout, layout.stages[stage], splitsBackward: splitsBackward, recomputation, on: backend)
        builder.placeCrossings()
        builder.placeForward()
        builder.placeLoss()
        builder.placeBackward()
        self = builder.finish()
    }

    /// Forward passes and the loss, which keep nothing for a way back.
    public init(evaluating model: ModelGraph, _ layout: PipelineLayout, stage: Int, on backend: any Backend) {
        var builder = StageProgramBuilder(
            model, layout, layout.stages[stage], splitsBackward: false, .none, hasBackward: false, on: backend)
        builder.placeCrossings()
        builder.placeForward()
        builder.placeLoss()
        self = builder.finish()
    }

    /// Forward passes alone, which keep nothing for a way back, and no loss.
    public init(forwardOf model: ModelGraph, _ layout: PipelineLayout, stage: Int, on backend: any Backend) {
        var builder = StageProgramBuilder(
            model, layout, layout.stages[stage], splitsBackward: false, .none, hasBackward: false, on: backend)
        builder.placeCrossings()
        builder.placeForward()
        self = builder.finish()
    }
}

/// Decides lifetimes, in two passes over the stage's nodes, then lets `MemoryPlan` colour the transient ones.
///
/// Time counts executions: the forward of local node k happens at time k; the steps of the backward pass follow. The
/// passes of different micro-batches never share the arena's contents.
struct StageProgramBuilder {
    typealias Place = StageProgram.Place
    typealias Contribution = PipelineLayout.Contribution

    let model: ModelGraph
    let stage: PipelineLayout.Stage
    let imports: [PipelineLayout.Crossing]
    let exports: [PipelineLayout.Crossing]
    let splitsBackward: Bool
    let hasBackward: Bool
    let backend: any Backend
    var program = StageProgram()

    /// The nodes whose forward is recomputed, in segments.
    private let segments: [Range<Int>]
    /// The stage's nodes in order: segments, and what lies between them.
    let runs: [Run]
    /// By local node: when its backward runs, and when its forward is recomputed; nil: never.
    var backwardTime: [Int]
    var recomputeTime: [Int?]
    /// Transient places are offsets into `requests` until `finish` colours them.
    var requests: [MemoryPlan.Request] = []
    /// Where each root value of this stage lies in the forward pass, and where its recomputed twin does.
    var places: [Int: Place] = [:]
    var recomputedPlaces: [Int: Place] = [:]
    /// Where each root value's gradient is summed, once its first contribution is there.
    var gradients: [Int: Place] = [:]
    /// Ranges of the frame that nothing reads any more at this point of the backward pass.
    var reusableRanges: [Range<Int>] = []

    /// Nodes whose backward follows as a whole.
    struct Run {
        var nodes: Range<Int>
        var isRecomputed: Bool
    }

    init(
        _ model: ModelGraph, _ layout: PipelineLayout, _ stage: PipelineLayout.Stage, splitsBackward: Bool,
        _ recomputation: Recomputation, hasBackward: Bool = true, on backend: any Backend
    ) {
        self.hasBackward = hasBackward
        self.model = model
        self.backend = backend
        self.stage = stage
        self.splitsBackward = splitsBackward
        imports = stage.imports.map { layout.crossings[$0] }
        exports = stage.exports.map { layout.crossings[$0] }
        segments = recomputation.segments(of: stage.entries, in: model)
        runs = Self.runs(segments, of: stage.nodes)
        backwardTime = Array(repeating: 0, count: stage.nodes.count)
        recomputeTime = Array(repeating: nil, count: stage.nodes.count)
        program.nodes = stage.nodes.map { node in
            var places = StageProgram.NodePlaces()
            places.trains = hasBackward && model.nodes[node].outputs.contains { model.values[$0].needsGradient }
            return places
        }
        setTimes()
    }

    /// The backward pass takes the runs from the last to the first; segments are first recomputed forward.
    mutating func setTimes() {
        var time = stage.nodes.count
        for run in runs.reversed() {
            for node in run.nodes where run.isRecomputed && isRecomputed(node, run.nodes) {
                recomputeTime[local(node)] = time
                time += 1
            }
            for node in run.nodes.reversed() {
                backwardTime[local(node)] = time
                time += 1
            }
        }
    }

    private static func runs(_ segments: [Range<Int>], of nodes: Range<Int>) -> [Run] {
        var runs: [Run] = []
        var next = nodes.lowerBound
        for segment in segments {
            if next < segment.lowerBound { runs.append(Run(nodes: next..<segment.lowerBound, isRecomputed: false)) }
            runs.append(Run(nodes: segment, isRecomputed: true))
            next = segment.upperBound
        }
        if next < nodes.upperBound { runs.append(Run(nodes: next..<nodes.upperBound, isRecomputed: false)) }
        return runs
    }

    /// The segment that a node is recomputed with; nil: what it makes is kept.
    func segment(of node: Int) -> Range<Int>? { segments.first { $0.contains(node) } }

    /// Whether a node's forward is recomputed: its saved tensors or outputs are read by a backward half, or a recomputed
    /// node of the segment takes them.
    func isRecomputed(_ node: Int, _ segment: Range<Int>) -> Bool {
        let own = model.nodes[node]
        guard program.nodes[local(node)].trains else {
            return own.outputs.contains { isReadAfterRecomputation($0, segment) }
        }
        return !own.plan.saved.isEmpty || own.outputs.contains { isReadAfterRecomputation($0, segment) }
    }

    func isReadAfterRecomputation(_ value: Int, _ segment: Range<Int>) -> Bool {
        guard !crossesSegment(value), !leaves(value) else { return false }
        return isKept(value)
            || model.values[value].consumers.contains { segment.contains($0) && isRecomputed($0, segment) }
    }

    /// Whether the frame holds the value because the next stage or the loss takes it.
    func leaves(_ value: Int) -> Bool {
        exports.contains { $0.values.contains(value) } || (stage.isLast && root(model.prediction) == value)
    }

    // MARK: Places

    func local(_ node: Int) -> Int { node - stage.nodes.lowerBound }
    func root(_ value: Int) -> Int { model.values[value].root }
    func spec(_ value: Int) -> TensorSpec { model.values[value].spec }

    mutating func frame(_ spec: TensorSpec) -> Place {
        defer { program.frameBytes = grown(program.frameBytes, by: spec) }
        return Place(region: .frame, offset: program.frameBytes, spec: spec)
    }

    /// From one backward half to the other: where the frame is free by then, else in memory of its own.
    mutating func deferred(_ spec: TensorSpec) -> Place {
        let bytes = MemoryPlan.aligned(spec.byteCount)
        let fitting = reusableRanges.indices.filter { reusableRanges[$0].count >= bytes }
        guard let best = fitting.min(by: { reusableRanges[$0].count < reusableRanges[$1].count }) else {
            defer { program.deferredBytes = grown(program.deferredBytes, by: spec) }
            return Place(region: .deferred, offset: program.deferredBytes, spec: spec)
        }
        let start = reusableRanges[best].lowerBound
        reusableRanges[best] = start + bytes..<reusableRanges[best].upperBound
        return Place(region: .frame, offset: start, spec: spec)
    }

    /// A manifest may describe what fits no machine: it is counted, and refused before anything is allocated.
    func grown(_ bytes: Int, by spec: TensorSpec) -> Int {
        let (sum, overflow) = bytes.addingReportingOverflow(MemoryPlan.aligned(spec.byteCount))
        return overflow ? .max : sum
    }

    mutating func transient(_ spec: TensorSpec, _ lifetime: ClosedRange<Int>) -> Place {
        requests.append(.init(bytes: spec.byteCount, lifetime: lifetime))
        return Place(region: .transient, offset: requests.count - 1, spec: spec)
    }

    mutating func scratch(_ node: Node, at time: Int) -> Place? {
        let bytes = node.plan.scratchBytes(on: backend)
        return bytes > 0 ? transient(TensorSpec([(bytes + 3) / 4], .f32), time...time) : nil
    }

    func place(_ value: Int, in places: [Int: Place]) -> Place {
        guard let place = places[root(value)] else { preconditionFailure("value \(value) has no place") }
        return place.viewed(as: spec(value))
    }

    // MARK: Colouring

    mutating func finish() -> StageProgram {
        program.sums = ShardSums(of: program, model, stage, splitsBackward: splitsBackward)
        let plan = MemoryPlan(requests)
        program.transientBytes = plan.byteCount
        program.settle { place in
            guard place.region == .transient else { return place }
            return Place(region: .transient, offset: plan.offsets[place.offset], spec: place.spec)
        }
        return program
    }
}
