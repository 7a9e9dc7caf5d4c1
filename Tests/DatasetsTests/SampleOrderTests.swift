import Datasets
import Testing

@Suite struct SampleOrderTests {
    @Test(arguments: Array(1...70) + [127, 128, 129, 1000, 65_537])
    func `a permutation holds every index once`(count: Int) {
        let permutation = Permutation(count: count, seed: 5, epoch: 2)
        var seen = [Bool](repeating: false, count: count)
        for i in 0..<count { seen[permutation[i]] = true }
        #expect(seen.allSatisfy { $0 })
    }

    @Test func `a permutation is unlike the order it shuffles`() {
        let permutation = Permutation(count: 10_000, seed: 1, epoch: 0)
        let images = (0..<10_000).map { permutation[$0] }
        // A random permutation has one fixed point and one pair of neighbours left on average.
        #expect(zip(images, 0...).count { $0 == $1 } < 8)
        #expect(zip(images, images.dropFirst()).count { $0 + 1 == $1 } < 8)
        // The first tenth comes from everywhere: 100 from each tenth on average, with a deviation of 9.
        for tenth in 0..<10 { #expect((60...140).contains(images.prefix(1000).count { $0 / 1000 == tenth })) }
    }

    @Test func `huge counts are permuted in place of being stored`() {
        let permutation = Permutation(count: .max, seed: 1, epoch: .max)
        let images = Set([0, 1, 2, Int.max - 1].map { permutation[$0] })
        #expect(images.count == 4)
    }

    @Test func `sequential steps take samples in turn and wrap`() {
        let plan = BatchPlan(sampleCount: 7, micro: 2, microBatches: 2, order: .sequential)
        #expect(plan.samples(step: 0, microBatch: 0) == [0, 1])
        #expect(plan.samples(step: 0, microBatch: 1) == [2, 3])
        #expect(plan.samples(step: 1, microBatch: 1) == [6, 0])
        #expect(plan.samples(step: 2, microBatch: 0) == [1, 2])
        #expect(
            BatchPlan(sampleCount: 1, micro: 2, microBatches: 2, order: .sequential).samples(step: 9, microBatch: 1)
                == [0, 0])
    }

    @Test func `shuffled epochs hold every sample once and differ`() {
        let plan = BatchPlan(sampleCount: 50, micro: 2, microBatches: 3, order: .shuffled(seed: 11))
        // 25 steps of 6 are 3 epochs of 50, with batches that reach from one into the next.
        let samples = (0..<25).flatMap { step in (0..<3).flatMap { plan.samples(step: step, microBatch: $0) } }
        let epochs = (0..<3).map { Array(samples[$0 * 50..<($0 + 1) * 50]) }
        for epoch in epochs { #expect(epoch.sorted() == Array(0..<50)) }
        #expect(Set(epochs).count == 3)
        let other = BatchPlan(sampleCount: 50, micro: 2, microBatches: 3, order: .shuffled(seed: 12))
        #expect(
            (0..<8).flatMap { other.samples(step: $0, microBatch: 0) }
                != (0..<8).flatMap { plan.samples(step: $0, microBatch: 0) })
    }

    @Test func `the split into micro batches does not change the order`() {
        let whole = BatchPlan(sampleCount: 31, micro: 12, microBatches: 1, order: .shuffled(seed: 1))
        let split = BatchPlan(sampleCount: 31, micro: 3, microBatches: 4, order: .shuffled(seed: 1))
        for step in 0..<6 {
            #expect(
                (0..<4).flatMap { split.samples(step: step, microBatch: $0) }
                    == whole.samples(step: step, microBatch: 0))
        }
    }

    @Test(arguments: [SampleOrder.sequential, .shuffled(seed: .max)])
    func `no step is too large`(order: SampleOrder) {
        let plan = BatchPlan(sampleCount: 10, micro: 1 << 30, microBatches: 1 << 30, order: order)
        #expect((0..<10).contains(plan.sample(step: .max, microBatch: 5, row: 5)))
    }
}
