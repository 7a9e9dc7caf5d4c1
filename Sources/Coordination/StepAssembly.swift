import Layers
import Manifests
import Models
package import Planning
package import Runs
import Scheduling

/// Puts the ranks' parts of each step together. Pure: told what arrived, it says what follows.
package struct StepAssembly {
    private let squaresOf: GradientSquares
    private let placement: Placement
    private let lanes: Int
    private let rankCount: Int
    private let tokensPerStep: Int
    private let flopsPerStep: Double
    /// Of the last finished step, forward and backward.
    package private(set) var flops: Double
    private let computes: Bool
    private var squares: [Int: [Int: [Double]]] = [:]
    private var totals: [Int: Double] = [:]
    private var parts: [Int: [Int: WorkerMessage.StepPart]] = [:]
    private var ends: [UInt64]?
    /// Steps behind which the ranks do something that belongs to no step.
    private var pauses: Set<Int> = []
    /// By rank: what to add to its clock to get the coordinator's.
    private var clockOffsets: [Int64]
    package private(set) var finishedSteps = 0
    /// Seconds of the newest finished steps: few, so that a run of any length takes no more memory.
    package private(set) var durations: [Double] = []
    private static let durationLimit = 20
    /// Seconds that each rank computed in the last finished step, as if it had been as long as all others.
    package private(set) var busySeconds: [Double] = []
    /// Idle over wall of each rank's last finished step.
    package private(set) var rankBubbles: [Double] = []

    /// - Throws: a user's mistake: layers that cannot be shared.
    package init(_ plan: TrainingPlan) throws(RunFailure) {
        squaresOf = try GradientSquares(plan)
        (placement, lanes) = (plan.placement, plan.lanesPerReplica)
        rankCount = plan.placement.rankCount
        clockOffsets = Array(repeating: 0, count: plan.placement.rankCount)
        tokensPerStep = plan.tokensPerStep
        flopsPerStep = plan.flopsPerStep
        flops = plan.flopsPerStep
        computes = plan.manifest.devices.allSatisfy { $0.kind != .sim }
    }

    /// - Returns: Σ over all ranks, once the last one's squares are there: summed in layer order, so that it does not
    ///   depend on the partition.
    package mutating func add(squares new: [Double], step: Int, rank: Int) -> Double? {
        squares[step, default: [:]][rank] = new
        guard let all = squares[step], all.count == rankCount else { return nil }
        squares[step] = nil
        let total = squaresOf.total(all)
        totals[step] = total
        return total
    }

    /// All ranks have evaluated: the next step lasts from its own beginning.
    package mutating func pause() { ends = nil }

    /// The same behind a step, which need not be done yet.
    package mutating func pause(behind done: Int) { pauses.insert(done) }

    /// Notes what a rank's clock says, so that the parts of a step that follow are on one clock.
    package mutating func add(_ reading: ClockReading, rank: Int) {
        clockOffsets[rank] = reading.fitsOneClock ? 0 : reading.offset
    }

    /// - Returns: the step's metrics, once the last rank's part is there.
    package mutating func add(_ part: WorkerMessage.StepPart, rank: Int) -> StepMetrics? {
        var part = part
        part.start &+= UInt64(bitPattern: clockOffsets[rank])
        part.end &+= UInt64(bitPattern: clockOffsets[rank])
        parts[part.step, default: [:]][rank] = part
        guard let all = parts[part.step], all.count == rankCount else { return nil }
        parts[part.step] = nil
        let ordered = (0..<rankCount).compactMap { all[$0] }
        finishedSteps += 1
        flops = ordered.lazy.compactMap(\.work?.flops).first ?? flopsPerStep
        return metrics(ordered, gradientSquares: totals.removeValue(forKey: part.step))
    }

    private mutating func metrics(_ parts: [WorkerMessage.StepPart], gradientSquares: Double?) -> StepMetrics {
        if pauses.remove(parts[0].step) != nil { self.ends = nil }
        let starts = self.ends ?? parts.map(\.start)
        let ends = parts.map(\.end)
        self.ends = ends
        let begin = self.durations.isEmpty ? starts.min() : starts.max()
        let seconds = Double((ends.max() ?? 0) &- (begin ?? 0)) / 1e9
        durations = durations.suffix(Self.durationLimit - 1) + [seconds]
        let walls = zip(starts, ends).map { Double($1 &- $0) }
        let wall = walls.reduce(0, +)
        rankBubbles = zip(parts, walls).map { 1 - Double($0.busy) / max($1, 1) }
        busySeconds = parts.map { Double($0.busy) / 1e9 * flopsPerStep / max(flops, 1) }
        let busy = parts.reduce(0.0) { $0 + Double($1.busy) }
        let sum = placement.lossSum(
            Dictionary(uniqueKeysWithValues: parts.enumerated().map { ($0, $1.lossSums) }), lanes: lanes)
        let count = parts.lazy.compactMap(\.targetCount).first
        let work = parts.lazy.compactMap(\.work).first
        let tokens = work?.tokens ?? tokensPerStep
        let loss = sum.flatMap { sum in count.map { $0 == 0 ? 0 : sum / Double($0) } }
        return StepMetrics(
            step: parts[0].step + 1, loss: computes ? loss : nil, lr: parts[0].learningRate,
            gradNorm: computes ? gradientSquares.map { $0.squareRoot() / (parts[0].lossScale ?? 1) } : nil,
            tokens: tokens, tokensPerS: Double(tokens) / seconds, stepS: seconds,
            bubbleFraction: wall > 0 ? 1 - busy / wall : nil, lossScale: parts[0].lossScale,
            isSkipped: parts[0].isSkipped, peakBytes: parts.map(\.peakBytes),
            padding: work.map { 1 - Double($0.positions) / Double(max($0.computed, 1)) })
    }
}
