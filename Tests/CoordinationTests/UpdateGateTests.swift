import Coordination
import Planning
import Runs
import TestPlans
import Testing

@Suite struct UpdateGateTests {
    private func answers(
        _ gate: inout UpdateGate, rank: Int, step: Int = 0, isFinite: Bool = true, sum: Double? = nil
    ) -> [Int: CoordinatorMessage] {
        let told = gate.add(rank: rank, step: step, isFinite: isFinite, sum: sum)
        return Dictionary(told.map { ($0.rank, $0.message) }) { first, _ in first }
    }

    @Test func `the sum goes to all once it is there, as NaN where a loss is not finite`() {
        var gate = UpdateGate(rankCount: 2, .sum)
        #expect(answers(&gate, rank: 1).isEmpty)
        let good = CoordinatorMessage.gradientSquares(step: 0, total: 5)
        #expect(answers(&gate, rank: 0, sum: 5) == [0: good, 1: good])
        #expect(answers(&gate, rank: 0, step: 1, isFinite: false).isEmpty)
        guard case .gradientSquares(1, let total)? = answers(&gate, rank: 1, step: 1, sum: 5)[0] else {
            Issue.record("no answer")
            return
        }
        #expect(total.isNaN)
    }

    @Test func `the rank that is done last has its answer before it asks`() {
        var gate = UpdateGate(rankCount: 3, .all)
        #expect(answers(&gate, rank: 2).isEmpty)
        #expect(answers(&gate, rank: 1) == [0: .othersAreFinite(step: 0, true)])
        let last = CoordinatorMessage.othersAreFinite(step: 0, false)
        #expect(answers(&gate, rank: 0, isFinite: false) == [1: last, 2: last])
    }

    @Test func `steps do not mix, and a second report of a rank changes nothing`() {
        var gate = UpdateGate(rankCount: 2, .all)
        #expect(answers(&gate, rank: 0, step: 4) == [1: .othersAreFinite(step: 4, true)])
        #expect(answers(&gate, rank: 0, step: 4, isFinite: false).isEmpty)
        #expect(answers(&gate, rank: 0, step: 5, isFinite: false) == [1: .othersAreFinite(step: 5, false)])
        #expect(answers(&gate, rank: 1, step: 4) == [0: .othersAreFinite(step: 4, true)])
    }

    @Test func `where nobody waits, a rank that stops hears whether all have`() {
        var gate = UpdateGate(rankCount: 2, .own)
        #expect(answers(&gate, rank: 0, isFinite: true).isEmpty)
        #expect(answers(&gate, rank: 1, isFinite: true).isEmpty)
        #expect(answers(&gate, rank: 1, step: 1, isFinite: false).isEmpty)
        let all = CoordinatorMessage.othersAreFinite(step: 1, false)
        #expect(answers(&gate, rank: 0, step: 1, isFinite: false) == [0: all, 1: all])
        #expect(answers(&gate, rank: 0, step: 2, isFinite: true).isEmpty)
        #expect(answers(&gate, rank: 1, step: 2, isFinite: false) == [1: .othersAreFinite(step: 2, true)])
    }

    @Test func `only schedules that run weight gradients apart let ranks go on by themselves`() throws {
        let rule = { (overrides: [String]) in try Plans.make(set: overrides).gate }
        #expect(try rule([]) == .all)
        #expect(try rule(["schedule=zb-h1"]) == .own)
        #expect(try rule(["schedule=zb-h1", "on_nan=skip"]) == .all)
        #expect(try rule(["schedule=zb-h1", "clip=1"]) == .sum)
        #expect(try rule(["precision=f16"]) == .sum)
        #expect(try rule(["devices=[sim:0, sim:1]"]) == nil)
    }
}
