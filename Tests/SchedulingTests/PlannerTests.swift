import Scheduling
import Testing

@Suite struct PlannerTests {
    @Test func tmp() throws {
        var r = Random(seed: 1)
        for (p, m, l) in [(64, 512, 512), (16, 64, 128), (8, 32, 96), (4, 16, 40)] {
            let layers = (0..<l).map { _ in
                LayerCost(
                    forward: r.unit(), inputGradient: r.unit(), weightGradient: r.unit(), activationBytes: r.below(100),
                    stateBytes: r.below(1000), outputBytes: r.below(100))
            }
            for name in ["1f1b", "zb-h1", "zb-v", "interleaved"] where p < 64 || name != "zb-v" {
                if l < 2 * p { continue }
                let s = try Schedule.named(name, ranks: p, microBatches: m)
                let planner = try StepPlanner(layers: layers, link: LinkCost(latency: 0.01, bytesPerSecond: 1000))
                let even = try planner.predict(s, cuts: (1..<s.stageCount).map { $0 * l / s.stageCount })
                let clock = ContinuousClock()
                var plan: StepPlan?
                let t = try clock.measure { plan = try planner.plan(s) }
                print(p, m, l, name, t, even.stepSeconds, plan!.stepSeconds, plan!.bubbleFraction)
            }
        }
    }
}
struct Random {
    var state: UInt64; init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15; var z = state; z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB; return z ^ (z >> 31)
    }
    mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
    mutating func unit() -> Double { Double(next() >> 11) / 9007199254740992 }
}
