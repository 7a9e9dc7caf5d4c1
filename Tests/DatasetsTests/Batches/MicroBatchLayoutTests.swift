import Datasets
import TestSupport
import Testing

/// Micro-batches of samples that differ in length.
@Suite struct MicroBatchLayoutTests {
    private let folder: TemporaryFolder
    /// Of 9, 2, 4, 7, 3 and 5 ids; sample i's are i·10, i·10 + 1 …
    private let file: SampleFile

    init() throws {
        folder = try TemporaryFolder()
        let lines = [9, 2, 4, 7, 3, 5].enumerated().map { index, count in
            "{\"input_ids\": \(Array(index * 10..<index * 10 + count))}\n"
        }
        try folder.write(lines.joined(), to: "s.jsonl")
        file = try SampleFile(path: folder.file("s.jsonl"), sequence: 40, vocabulary: 100)
    }

    private func plan(_ micro: Int, _ microBatches: Int, isPacked: Bool = false) -> BatchPlan {
        BatchPlan(
            sampleCount: 6, micro: micro, microBatches: microBatches, order: .sequential,
            ladder: LengthLadder(longest: 40), isPacked: isPacked)
    }

    @Test func `lengths are few multiples of eight and the longest`() {
        #expect(LengthLadder(longest: 40).rungs == [8, 16, 24, 32, 40])
        #expect(LengthLadder(longest: 99).rungs == Array(stride(from: 8, through: 96, by: 8)) + [99])
        #expect(LengthLadder(longest: 5).rungs == [5] && LengthLadder(longest: 1).rungs == [1])
        let long = LengthLadder(longest: 4097)
        #expect(long.rungs.count <= 17 && long.rungs.last == 4097)
        #expect(long.rung(for: 1) == long.rungs[0] && long.rung(for: 4090) == 4097)
        #expect(long.longest.rung(for: 1) == 4097)
    }

    @Test func `each sample has a row as long as the micro batch needs`() throws {
        let contents = try plan(2, 3).contents(of: file, step: 0)
        #expect(contents.targets == 8 + 1 + 3 + 6 + 2 + 4 && contents.tokens == 30 && contents.positions == 24)
        #expect(contents.layouts.map(\.length) == [8, 8, 8] && contents.layouts.map(\.rows) == [2, 2, 2])
        #expect(contents.layouts[1].places.map(\.positions) == [3, 6])
        let batch = HostBatch(inputBytes: 2 * 160, targetBytes: 2 * 160)
        try plan(2, 3).fill(contents.layouts[1], from: file, input: batch.input, target: batch.target)
        #expect(
            Array(batch.input.bindMemory(to: Int32.self))[..<16] == [
                20, 21, 22, 0, 0, 0, 0, 0, 30, 31, 32, 33, 34, 35, 0, 0,
            ])
        #expect(
            Array(batch.target.bindMemory(to: Int32.self))[..<16] == [
                21, 22, 23, -100, -100, -100, -100, -100, 31, 32, 33, 34, 35, 36, -100, -100,
            ])
    }

    @Test func `packed samples share a row and micro batches get equally many positions`() throws {
        let contents = try plan(3, 2, isPacked: true).contents(of: file, step: 0)
        // 8, 6, 4, 3, 2, 1 positions: 8 + 3 + 1 and 6 + 4 + 2.
        #expect(contents.layouts.map { $0.places.map(\.sample) } == [[0, 1, 2], [3, 4, 5]])
        #expect(contents.layouts.map { $0.places.map(\.start) } == [[0, 8, 9], [0, 6, 8]])
        #expect(contents.layouts.map(\.length) == [16, 16] && contents.layouts[0].rows == 1)
        #expect(contents.layouts[0].documents == [0..<8, 8..<9, 9..<12, 12..<16])
        let batch = HostBatch(inputBytes: 160, targetBytes: 160)
        try plan(3, 2, isPacked: true).fill(
            contents.layouts[0], from: file, input: batch.input, target: batch.target)
        #expect(
            Array(batch.input.bindMemory(to: Int32.self))[..<16] == [
                0, 1, 2, 3, 4, 5, 6, 7, 10, 20, 21, 22, 0, 0, 0, 0,
            ])
        #expect(
            Array(batch.target.bindMemory(to: Int32.self))[..<16] == [
                1, 2, 3, 4, 5, 6, 7, 8, 11, 21, 22, 23, -100, -100, -100, -100,
            ])
        let counts = try SampleFile.tokenCounts(path: folder.file("s.jsonl"))
        #expect(counts == [9, 2, 4, 7, 3, 5])
        #expect(plan(3, 2, isPacked: true).fullestRow(steps: 5, tokens: counts) == 12)
        #expect(plan(2, 2, isPacked: true).fullestRow(steps: 1, tokens: counts) == 9)
    }

    /// Dealing out all steps of such a run would take hours.
    @Test func `of very many steps the fullest row is bounded from the longest samples`() {
        for (micro, microBatches) in [(3, 2), (2, 2), (5, 1), (7, 4)] {
            let plan = BatchPlan(
                sampleCount: 6, micro: micro, microBatches: microBatches, order: .shuffled(seed: 1), isPacked: true)
            let counts: [Int32] = [9, 2, 4, 7, 3, 5]
            let bound = plan.fullestRow(steps: .max, tokens: counts)
            #expect((plan.fullestRow(steps: 400, tokens: counts)...4 * 8 * micro).contains(bound))
        }
    }
}
