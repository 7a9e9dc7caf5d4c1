/// Tries cuts of one model, keeps the best, and moves cuts while that helps, as far as the effort allows.
struct CutSearch {
    let model: StepModel
    private(set) var best: Candidate?
    private let effort: StepPlanner.Effort
    private var trialsLeft: Int
    private var tried: Set<[Int]> = []

    /// Cuts, how many bytes too many their ranks hold (saturating), and how long their step takes.
    struct Candidate {
        var cuts: [Int]
        var excess: Int
        var seconds: Double

        func isBetter(than other: Candidate) -> Bool {
            excess != other.excess ? excess < other.excess : seconds < other.seconds
        }
    }

    init(_ model: StepModel, effort: StepPlanner.Effort) {
        self.model = model
        self.effort = effort
        trialsLeft = max(effort.instructions / max(model.instructionCount, 1), 8)
    }

    mutating func run() throws(PlanError) {
        if let ways = ways(atMost: min(effort.enumerated, trialsLeft)) {
            try tryEvery(ways: ways)
            return
        }
        for cuts in CutProposals(model).all() { try consider(cuts) }
        if effort == .full { try improve() }
    }

    /// How many ways there are to cut; nil: more than the bound.
    private func ways(atMost bound: Int) -> Int? {
        let (free, chosen) = (model.sums.layerCount - 1, model.stageCount - 1)
        var ways = 1
        for index in 0..<min(chosen, free - chosen) {
            ways = ways * (free - index) / (index + 1)
            if ways > bound { return nil }
        }
        return ways <= bound ? ways : nil
    }

    private mutating func tryEvery(ways: Int) throws(PlanError) {
        trialsLeft = max(trialsLeft, ways)
        let last = model.sums.layerCount - 1
        var cuts = Array(1..<model.stageCount)
        while true {
            try consider(cuts)
            // The next in lexical order: the last cut that can move does, and those behind follow it closely.
            guard let moving = cuts.indices.last(where: { cuts[$0] < last - (cuts.count - 1 - $0) }) else { return }
            let place = cuts[moving] + 1
            for index in moving..<cuts.count { cuts[index] = place + index - moving }
        }
    }

    /// Simulates cuts that fit, or that lack less than the best so far.
    private mutating func consider(_ cuts: [Int]) throws(PlanError) {
        guard trialsLeft > 0, tried.insert(cuts).inserted else { return }
        let excess = zip(model.memory(cuts: cuts), model.limits).reduce(0) { sum, rank in
            let (sum, overflow) = sum.addingReportingOverflow(max(rank.0 - rank.1, 0))
            return overflow ? .max : sum
        }
        if let best, excess > best.excess { return }
        var candidate = Candidate(cuts: cuts, excess: excess, seconds: .infinity)
        if excess == 0 {
            trialsLeft -= 1
            candidate.seconds = try model.times(cuts: cuts).period(model.end(cuts: cuts))
        }
        if best.map(candidate.isBetter) ?? true { best = candidate }
    }

    /// Moves one layer over a run of neighbouring cuts, the shortest runs first, until no move helps.
    private mutating func improve() throws(PlanError) {
        let cuts = model.stageCount - 1
        var length = 1
        while length <= cuts {
            let before = best?.cuts
            for first in 0...(cuts - length) {
                for step in [-1, 1] {
                    guard trialsLeft > 0, let moved = moved(first..<(first + length), by: step) else { continue }
                    try consider(moved)
                }
            }
            length = best?.cuts == before ? length + 1 : 1
        }
    }

    private func moved(_ run: Range<Int>, by step: Int) -> [Int]? {
        guard var cuts = best?.cuts else { return nil }
        for index in run { cuts[index] += step }
        let before = run.lowerBound > 0 ? cuts[run.lowerBound - 1] : 0
        let after = run.upperBound < cuts.count ? cuts[run.upperBound] : model.sums.layerCount
        return before < cuts[run.lowerBound] && cuts[run.upperBound - 1] < after ? cuts : nil
    }

    /// The rank that lacks most in the cuts that lack least.
    func shortage() throws(PlanError) -> PlanError.Shortage {
        let least = model.ownsOneStageEach ? CutProposals(model).leastShortage() : best?.cuts
        let memory = model.memory(cuts: least ?? best?.cuts ?? Array(1..<model.stageCount))
        let worst = memory.indices.max { memory[$0] - model.limits[$0] < memory[$1] - model.limits[$1] } ?? 0
        return PlanError.Shortage(
            schedule: model.schedule.name, rank: worst, neededBytes: memory[worst], limitBytes: model.limits[worst])
    }
}
