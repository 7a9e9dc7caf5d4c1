/// What one layer costs for one micro-batch, measured or estimated.
public struct LayerCost: Hashable, Sendable {
    /// Seconds of the forward.
    public var forward: Double
    /// Seconds of the input-gradient half of the backward where the halves run apart.
    public var inputGradient: Double
    /// Seconds of the weight-gradient half of the backward where the halves run apart.
    public var weightGradient: Double
    /// Seconds of both halves at once.
    public var backward: Double
    /// Seconds of recomputing activations: before a backward, and before each of its halves that runs apart.
    public var recomputation: Double
    /// Seconds of the optimizer's update, once a step.
    public var update: Double
    /// Kept from the forward to the last backward half.
    public var activationBytes: Int
    /// Parameters, gradients and optimizer state.
    public var stateBytes: Int
    /// What crosses a cut behind this layer, in each direction: its output, and what earlier layers stashed.
    public var outputBytes: Int

    /// Seconds and bytes of one micro-batch; `backward` is the sum of its halves unless given.
    public init(
        forward: Double, inputGradient: Double, weightGradient: Double, backward: Double? = nil,
        recomputation: Double = 0, update: Double = 0, activationBytes: Int = 0, stateBytes: Int = 0,
        outputBytes: Int = 0
    ) {
        self.forward = forward
        self.inputGradient = inputGradient
        self.weightGradient = weightGradient
        self.backward = backward ?? inputGradient + weightGradient
        self.recomputation = recomputation
        self.update = update
        self.activationBytes = activationBytes
        self.stateBytes = stateBytes
        self.outputBytes = outputBytes
    }

    /// Of layers that stay together.
    init(sumOf layers: ArraySlice<LayerCost>) {
        self.init(forward: 0, inputGradient: 0, weightGradient: 0)
        for layer in layers {
            forward += layer.forward
            inputGradient += layer.inputGradient
            weightGradient += layer.weightGradient
            backward += layer.backward
            recomputation += layer.recomputation
            update += layer.update
            activationBytes = activationBytes.saturatingPlus(layer.activationBytes)
            stateBytes = stateBytes.saturatingPlus(layer.stateBytes)
            outputBytes = layer.outputBytes
        }
    }

    /// Seconds of the passes, with what each recomputes.
    package var times: StageTimes.Stage {
        StageTimes.Stage(
            forward: forward, backward: backward + recomputation, backwardInput: inputGradient + recomputation,
            backwardWeight: weightGradient + recomputation)
    }
}

/// The layers' costs as running sums, so that any run of layers is two look-ups.
struct LayerSums: Sendable {
    let layerCount: Int
    private let forward: [Double]
    private let inputGradient: [Double]
    private let weightGradient: [Double]
    private let backward: [Double]
    private let update: [Double]
    private let activationBytes: [Int]
    private let stateBytes: [Int]
    private let outputBytes: [Int]

    init(_ layers: [LayerCost]) throws(PlanError) {
        guard !layers.isEmpty else { throw .argument("layers", expected: "at least 1", got: "0") }
        for (index, layer) in layers.enumerated() { try Self.check(layer, index) }
        layerCount = layers.count
        forward = Self.sums(layers) { $0.times.forward }
        inputGradient = Self.sums(layers) { $0.times.backwardInput }
        weightGradient = Self.sums(layers) { $0.times.backwardWeight }
        backward = Self.sums(layers) { $0.times.backward }
        update = Self.sums(layers) { $0.update }
        activationBytes = try Self.sums(layers, \.activationBytes)
        stateBytes = try Self.sums(layers, \.stateBytes)
        outputBytes = layers.map(\.outputBytes)
    }

    func time(_ layers: Range<Int>) -> StageTimes.Stage {
        StageTimes.Stage(
            forward: forward[layers.upperBound] - forward[layers.lowerBound],
            backward: backward[layers.upperBound] - backward[layers.lowerBound],
            backwardInput: inputGradient[layers.upperBound] - inputGradient[layers.lowerBound],
            backwardWeight: weightGradient[layers.upperBound] - weightGradient[layers.lowerBound])
    }

    /// Seconds of all passes of one micro-batch.
    func seconds(_ layers: Range<Int>) -> Double {
        let (first, end) = (layers.lowerBound, layers.upperBound)
        return (forward[end] - forward[first]) + (backward[end] - backward[first])
    }

    func update(_ layers: Range<Int>) -> Double { update[layers.upperBound] - update[layers.lowerBound] }

    func activationBytes(_ layers: Range<Int>) -> Int {
        activationBytes[layers.upperBound] - activationBytes[layers.lowerBound]
    }

    func stateBytes(_ layers: Range<Int>) -> Int { stateBytes[layers.upperBound] - stateBytes[layers.lowerBound] }

    /// What crosses a cut before this layer; nothing before the first and behind the last.
    func bytes(crossing cut: Int) -> Int { cut > 0 && cut < layerCount ? outputBytes[cut - 1] : 0 }

    /// Throws where so many micro-batches of everything would not be a number.
    func checkBytes(microBatches: Int) throws(PlanError) {
        let (held, overflow) = activationBytes[layerCount].multipliedReportingOverflow(by: microBatches)
        guard !overflow, !held.addingReportingOverflow(stateBytes[layerCount]).overflow else {
            throw .argument(
                "bytes", expected: "a sum below 2^63",
                got: "\(microBatches) × \(activationBytes[layerCount]) + \(stateBytes[layerCount])")
        }
    }

    private static func sums(_ layers: [LayerCost], _ value: (LayerCost) -> Double) -> [Double] {
        layers.reduce(into: [0]) { sums, layer in sums.append((sums.last ?? 0) + value(layer)) }
    }

    private static func sums(_ layers: [LayerCost], _ value: KeyPath<LayerCost, Int>) throws(PlanError) -> [Int] {
        var sums = [0]
        var sum = 0
        for layer in layers {
            let (next, overflow) = sum.addingReportingOverflow(layer[keyPath: value])
            guard !overflow else { throw .argument("bytes", expected: "a sum below 2^63", got: "more") }
            sum = next
            sums.append(sum)
        }
        return sums
    }

    private static func check(_ layer: LayerCost, _ index: Int) throws(PlanError) {
        let seconds = [
            layer.forward, layer.inputGradient, layer.weightGradient, layer.backward, layer.recomputation, layer.update,
        ]
        if let bad = seconds.first(where: { !($0.isFinite && $0 >= 0) }) {
            throw .argument("seconds of layer \(index)", expected: "a finite number of at least 0", got: "\(bad)")
        }
        if let bad = [layer.activationBytes, layer.stateBytes, layer.outputBytes].first(where: { $0 < 0 }) {
            throw .argument("bytes of layer \(index)", expected: "at least 0", got: "\(bad)")
        }
    }
}
