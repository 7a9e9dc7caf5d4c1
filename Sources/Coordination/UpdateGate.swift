package import Planning
package import Runs

/// Opens each step's update: no rank's parameters move before it is known that the gradients, and the loss, are finite.
/// Pure: told what arrived, it says what to answer.
package struct UpdateGate {
    private let rankCount: Int
    private let rule: UpdateRule
    private var waiting: [Int: Step] = [:]

    private struct Step {
        /// Ranks that reported, and whether their gradients are finite.
        var reports: [Int: Bool] = [:]
        /// The rank that was told before it reported.
        var told: Int?

        var isFinite: Bool { reports.values.allSatisfy { $0 } }
    }

    package init(rankCount: Int, _ rule: UpdateRule) {
        self.rankCount = rankCount
        self.rule = rule
    }

    /// - Parameter sum: Σ of all ranks' squares, once the last one's are there.
    /// - Returns: what to tell which rank now.
    package mutating func add(
        rank: Int, step: Int, isFinite: Bool, sum: Double?
    ) -> [(rank: Int, message: CoordinatorMessage)] {
        var state = waiting[step] ?? Step()
        guard state.reports.updateValue(isFinite, forKey: rank) == nil else { return [] }
        let isComplete = state.reports.count == rankCount
        defer { waiting[step] = isComplete ? nil : state }
        let verdict = CoordinatorMessage.othersAreFinite(step: step, state.isFinite)
        switch rule {
        case .sum where isComplete:
            let total = CoordinatorMessage.gradientSquares(step: step, total: state.isFinite ? sum ?? .nan : .nan)
            return (0..<rankCount).map { ($0, total) }
        case .all where isComplete && rankCount > 1:
            return (0..<rankCount).filter { $0 != state.told }.map { ($0, verdict) }
        case .all where state.reports.count == rankCount - 1:
            guard let last = (0..<rankCount).first(where: { state.reports[$0] == nil }), rankCount > 1 else {
                return []
            }
            state.told = last
            return [(last, verdict)]
        case .own where isComplete && rankCount > 1:
            let stopped = state.reports.filter { !$0.value }.keys.sorted()
            return stopped.map { ($0, .othersAreFinite(step: step, stopped.count < rankCount)) }
        default: return []
        }
    }
}
