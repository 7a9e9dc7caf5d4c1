import Models
import Testing

@Suite struct MemoryPlanTests {
    /// Requests as a stage has them: many sizes, short and long lives.
    private func requests(_ seed: UInt64) -> [MemoryPlan.Request] {
        var state = seed
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        return (0..<1 + next(40)).map { _ in
            let start = next(30)
            return .init(bytes: next(4) == 0 ? next(3) : next(5000), lifetime: start...start + next(8) * next(4))
        }
    }

    private func range(_ plan: MemoryPlan, _ requests: [MemoryPlan.Request], _ index: Int) -> Range<Int> {
        plan.offsets[index]..<plan.offsets[index] + MemoryPlan.aligned(requests[index].bytes)
    }

    /// The most bytes that are alive at one time.
    private func lowerBound(_ requests: [MemoryPlan.Request]) -> Int {
        let times = requests.flatMap { [$0.lifetime.lowerBound, $0.lifetime.upperBound] }
        return times.map { time in
            requests.filter { $0.lifetime.contains(time) }.reduce(0) { $0 + MemoryPlan.aligned($1.bytes) }
        }.max() ?? 0
    }

    @Test func `ranges alive at the same time never overlap, start on a line, and fit the arena`() {
        for seed in UInt64(1)...300 {
            let requests = requests(seed)
            let plan = MemoryPlan(requests)
            for one in requests.indices {
                #expect(plan.offsets[one].isMultiple(of: 64) && range(plan, requests, one).upperBound <= plan.byteCount)
                for other in requests.indices where other < one {
                    guard requests[one].lifetime.overlaps(requests[other].lifetime) else { continue }
                    let overlap = range(plan, requests, one).overlaps(range(plan, requests, other))
                    #expect(!overlap, "seed \(seed): \(requests[one]), \(requests[other])")
                }
            }
        }
    }

    @Test func `the arena is at most half as large again as what is alive at once, and mostly no larger`() {
        var exact = 0
        for seed in UInt64(1)...300 {
            let requests = requests(seed)
            let (size, least) = (MemoryPlan(requests).byteCount, lowerBound(requests))
            #expect(size >= least && 2 * size <= 3 * least, "seed \(seed)")
            exact += size == least ? 1 : 0
        }
        #expect(exact > 150, "\(exact) of 300")
    }

    @Test func `the same requests give the same plan`() {
        for seed in UInt64(1)...20 {
            #expect(MemoryPlan(requests(seed)).offsets == MemoryPlan(requests(seed)).offsets)
        }
    }

    @Test func `a gap between two lives is used, and nothing takes nothing`() {
        let plan = MemoryPlan([
            .init(bytes: 64, lifetime: 0...9), .init(bytes: 128, lifetime: 0...3), .init(bytes: 100, lifetime: 4...9),
        ])
        #expect(plan.offsets == [128, 0, 0])
        #expect(plan.byteCount == 192)
        #expect(MemoryPlan([]).byteCount == 0)
        #expect([0, 1, 64, 65].map(MemoryPlan.aligned) == [64, 64, 64, 128])
    }
}
