import Partitioning

/// Cuts that are optimal by a simple measure of a step.
struct CutProposals {
    private let model: StepModel
    private let table: CutTable

    init(_ model: StepModel) {
        self.model = model
        table = CutTable(layers: model.sums.layerCount, stages: model.stageCount)
    }

    /// Beyond them only the two measures that are nearest to a step are tried where each rank owns a stage: each takes
    /// stages × layers².
    private static let manyLayers = 96

    /// By stage.
    private var limits: [Double] { model.stageLimits }

    func all() -> [[Int]] {
        var proposals: [[Int]] = []
        // Where ranks own several stages, messages within a rank take no time, and any measure may be the nearest.
        let takesFew = model.sums.layerCount > Self.manyLayers && model.ownsOneStageEach
        let measures: [(filling: Double, transfers: Double)] = [(0, 1), (1, 1), (1, 0), (0, 0)]
        for (filling, transfers) in takesFew ? measures.prefix(2) : measures[...] {
            let measure = Measure(filling: filling, transfers: transfers)
            guard let slowest = slowestStage(measure) else { continue }
            proposals.append(slowest.cuts)
            if let even = even(measure, limit: slowest.price) { proposals.append(even) }
        }
        let needsMemory = limits.contains { $0 < .infinity } && !model.ownsOneStageEach
        if needsMemory || proposals.isEmpty, let spare = leastShortage() { proposals.append(spare) }
        return proposals
    }

    /// How a stage's time is measured: whether what the first micro-batch meets before it, and the transfers over its
    /// boundaries, count.
    private struct Measure {
        var filling: Double
        var transfers: Double
    }

    /// Σ of the stages before, once, and m times the stage itself: a step waits at least that long for any stage.
    private func seconds(_ stage: Int, _ layers: Range<Int>, _ measure: Measure) -> Double {
        let transfer = transfer(layers.lowerBound, behind: stage - 1) + transfer(layers.upperBound, behind: stage)
        return measure.filling * model.sums.seconds(0..<layers.lowerBound)
            + Double(model.schedule.microBatches) * (model.sums.seconds(layers) + measure.transfers * transfer)
    }

    /// A boundary's activations go one way and its gradients the other; each of its two stages waits for one of them.
    private func transfer(_ cut: Int, behind stage: Int) -> Double {
        guard cut > 0 && cut < model.sums.layerCount, model.links.indices.contains(stage) else { return 0 }
        return model.links[stage].seconds(bytes: model.sums.bytes(crossing: cut))
    }

    private func least(_ stage: Int, _ layers: Range<Int>) -> Double {
        let mayFit = limits[stage] == .infinity || Double(model.leastMemory(stage: stage, layers)) <= limits[stage]
        return mayFit ? Double(model.schedule.microBatches) * model.sums.seconds(layers) : .infinity
    }

    private func slowestStage(_ measure: Measure) -> (price: Double, cuts: [Int])? {
        table.leastMaximum(
            cost: { model.fits($0, $1) ? seconds($0, $1, measure) : .infinity }, floor: { least($0, $1) })
    }

    /// The least sum of squares among cuts whose slowest stage takes no longer than the limit.
    private func even(_ measure: Measure, limit: Double) -> [Int]? {
        table.leastSquares(
            limit: limit, cost: { model.fits($0, $1) ? seconds($0, $1, measure) : .infinity }, floor: { least($0, $1) })?
            .cuts
    }

    /// The cuts in which the stage that holds most beyond its limit holds as little beyond it as it can.
    func leastShortage() -> [Int]? {
        func beyond(_ stage: Int, _ bytes: Int) -> Double {
            Double(bytes) - (limits[stage] < .infinity ? limits[stage] : 0)
        }
        return table.leastMaximum(
            cost: { beyond($0, model.memory(stage: $0, $1)) }, floor: { beyond($0, model.leastMemory(stage: $0, $1)) })?
            .cuts
    }
}
