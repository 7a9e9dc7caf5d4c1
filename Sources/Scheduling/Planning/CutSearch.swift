/// Tries cuts of one model, keeps the best, and moves cuts while that helps, as far as the effort allows.
struct CutSearch {
    let model: StepModel
    private let bound: StepBound
    private(set) var best: Candidate?
    private let effort: StepPlanner.Effort
    private var trialsLeft: Int
    private var tried: Set<[Int]> = []
    /// Of the random moves: always the same, so that plans repeat.
    private var randomWord: UInt64 = 1

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
        bound = StepBound(model)
        self.effort = effort
        trialsLeft = max(effort.instructions / max(model.instructionCount, 1), 8)
    }

    mutating func run() throws(PlanError) {
        if try tryEvery() { return }
        var starts: [Candidate] = []
        let balanced = model.ownsOneStageEach ? bound.least().map { [$0.cuts] } ?? [] : []
        for cuts in balanced + CutProposals(model).all() {
            if let start = try consider(cuts) { starts.append(start) }
        }
        for start in starts.sorted(by: { $0.isBetter(than: $1) }) { try climb(from: start) }
        for _ in 0..<effort.kicks {
            guard let best, let start = try consider(kicked(best.cuts)) else { continue }
            try climb(from: start)
        }
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

    /// - Returns: whether there are few enough, so that the best is known now.
    mutating func tryEvery() throws(PlanError) -> Bool {
        guard let ways = ways(atMost: min(StepPlanner.Effort.enumerated, trialsLeft)) else { return false }
        trialsLeft = max(trialsLeft, ways)
        let last = model.sums.layerCount - 1
        var cuts = Array(1..<model.stageCount)
        while true {
            _ = try consider(cuts, ifBelow: best?.seconds ?? .infinity)
            // The next in lexical order: the last cut that can move does, and those behind follow it closely.
            guard let moving = cuts.indices.last(where: { cuts[$0] < last - (cuts.count - 1 - $0) }) else {
                return true
            }
            let place = cuts[moving] + 1
            for index in moving..<cuts.count { cuts[index] = place + index - moving }
        }
    }

    /// Cuts that were not tried yet, simulated where they fit and may take less than `limit` seconds: others take their lower
    /// bound.
    private mutating func consider(
        _ cuts: [Int], ifBelow limit: Double = .infinity
    ) throws(PlanError) -> Candidate? {
        guard trialsLeft > 0, tried.insert(cuts).inserted else { return nil }
        let excess = excess(cuts)
        var candidate = Candidate(cuts: cuts, excess: excess, seconds: .infinity)
        trialsLeft -= 1
        if excess == 0 {
            candidate.seconds = limit < .infinity ? bound.seconds(cuts: cuts) : 0
            // Sums that are added in another order differ in their last digits.
            if candidate.seconds <= limit * (1 + 1e-9) {
                candidate.seconds = try model.times(cuts: cuts).period(model.end(cuts: cuts))
            }
        }
        if best.map(candidate.isBetter) ?? true { best = candidate }
        return candidate
    }

    private func excess(_ cuts: [Int]) -> Int {
        guard model.hasLimits else { return 0 }
        return zip(model.memory(cuts: cuts), model.limits).reduce(0) { $0.saturatingPlus(max($1.0 - $1.1, 0)) }
    }

    /// Moves cuts while a move helps: first one layer over a run of neighbouring cuts, the shortest runs first, then
    /// any two cuts by one layer each.
    private mutating func climb(from start: Candidate) throws(PlanError) {
        let count = model.stageCount - 1
        var current = start
        var moves = 0
        let lengths = 1...max(count, 1)
        let all = count == 0 ? [] : lengths.flatMap { length in (0...(count - length)).map { $0..<($0 + length) } }
        while moves < all.count && trialsLeft > 0 {
            let better = try step(from: &current, [-1, 1].compactMap { moved(current.cuts, [(all[moves], $0)]) })
            moves = better ? 0 : moves + 1
            guard moves == all.count else { continue }
            if try step(from: &current, pairs(current.cuts)) { moves = 0 }
        }
    }

    /// Goes to the first of these neighbours that is better.
    private mutating func step(
        from current: inout Candidate, _ neighbours: [[Int]]
    ) throws(PlanError) -> Bool {
        for cuts in neighbours {
            guard let candidate = try consider(cuts, ifBelow: current.seconds), candidate.isBetter(than: current) else {
                continue
            }
            current = candidate
            return true
        }
        return false
    }

    private func pairs(_ cuts: [Int]) -> [[Int]] {
        cuts.indices.flatMap { first in
            cuts.indices.dropFirst(first + 1).flatMap { second in
                [(-1, -1), (-1, 1), (1, -1), (1, 1)].compactMap { steps in
                    moved(cuts, [(first..<(first + 1), steps.0), (second..<(second + 1), steps.1)])
                }
            }
        }
    }

    /// Puts three cuts, or all of fewer, anywhere between their neighbours.
    private mutating func kicked(_ cuts: [Int]) -> [Int] {
        var cuts = cuts
        for _ in 0..<3 {
            let index = random(below: cuts.count)
            let before = index > 0 ? cuts[index - 1] : 0
            let after = index + 1 < cuts.count ? cuts[index + 1] : model.sums.layerCount
            cuts[index] = before + 1 + random(below: after - before - 1)
        }
        return cuts
    }

    /// Knuth's MMIX generator; its upper bits.
    private mutating func random(below bound: Int) -> Int {
        randomWord = randomWord &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((randomWord >> 33) % UInt64(bound))
    }

    /// nil where a stage would be empty.
    private func moved(_ cuts: [Int], _ moves: [(run: Range<Int>, step: Int)]) -> [Int]? {
        var cuts = cuts
        for move in moves {
            for index in move.run { cuts[index] += move.step }
        }
        return zip([0] + cuts, cuts + [model.sums.layerCount]).allSatisfy { $0 < $1 } ? cuts : nil
    }

    /// The rank that exceeds its memory most, in the cuts that exceed it least.
    func shortage() throws(PlanError) -> PlanError.Shortage {
        let least = model.ownsOneStageEach ? CutProposals(model).leastShortage() : best?.cuts
        let memory = model.memory(cuts: least ?? best?.cuts ?? Array(1..<model.stageCount))
        let worst = memory.indices.max { memory[$0] - model.limits[$0] < memory[$1] - model.limits[$1] } ?? 0
        return PlanError.Shortage(
            schedule: model.schedule.name, rank: worst, neededBytes: memory[worst], limitBytes: model.limits[worst])
    }
}
