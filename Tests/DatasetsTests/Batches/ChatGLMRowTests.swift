import Datasets
import Tensors
import TestSupport
import Testing
import Tokenizers

/// Rows as a worker uploads them, of the ChatGLMs' samples: their labels, and the positions that the model gives their
/// tokens.
@Suite struct ChatGLMRowTests {
    /// All samples of one model in one micro-batch.
    private struct MicroBatch {
        var layout: MicroBatchLayout
        var input: [Int32]
        var target: [Int32]
        /// Its folder goes with it.
        private let prepared: Prepared

        init(_ cases: [ChatGLMCase], isPacked: Bool) throws {
            prepared = try cases[0].prepared()
            let set = try prepared.shards(of: cases.map { $0.record + "\n" }.joined())
            let longest = cases.map(\.ids.count).max() ?? 0
            let room = isPacked ? cases.reduce(0) { $0 + $1.ids.count } : longest
            let dataset = try ShardDataset(set, sequence: room, vocabulary: prepared.tokenizer.vocabulary)
            let plan = BatchPlan(
                sampleCount: cases.count, micro: cases.count, microBatches: 1, order: .sequential,
                ladder: LengthLadder(longest: room), isPacked: isPacked)
            layout = try plan.contents(of: dataset, step: 0).layouts[0]
            let bytes = (isPacked ? 1 : cases.count) * room * 4
            let batch = HostBatch(inputBytes: bytes, targetBytes: bytes)
            try plan.fill(layout, from: dataset, input: batch.input, target: batch.target)
            input = Array(batch.input.bindMemory(to: Int32.self))
            target = Array(batch.target.bindMemory(to: Int32.self))
        }

        func row(_ place: MicroBatchLayout.Place) -> Range<Int> {
            let start = place.row * layout.length
            return start..<start + layout.length
        }

        /// Where a sample's tokens lie.
        func tokens(_ place: MicroBatchLayout.Place) -> Range<Int> {
            let start = place.row * layout.length + place.start
            return start..<start + place.positions
        }
    }

    /// Those whose history does not come in the way of others: a file has a history in all of its records or in none.
    private func cases(_ model: String) throws -> [[ChatGLMCase]] {
        let all = try ChatGLMCase.all().filter { $0.model == model }
        let parts = [
            all.filter { $0.record.contains("\"history\"") }, all.filter { !$0.record.contains("\"history\"") },
        ]
        #expect(model == "chatglm3" || parts.map(\.count) == [3, 8])
        return parts.filter { !$0.isEmpty }
    }

    private func expectTokens(_ example: ChatGLMCase, _ batch: MicroBatch, _ place: MicroBatchLayout.Place) {
        let tokens = batch.tokens(place)
        #expect(Array(batch.input[tokens]) == example.ids.dropLast(), "\(example.record)")
        // A target stands one place before the token that it is the label of.
        #expect(Array(batch.target[tokens]) == Array(example.labels.dropFirst()), "\(example.record)")
    }

    @Test func `padded rows of ChatGLM-6B have the labels and both positions of the published code`() throws {
        let tokenizer = try ChatGLMCase.firstTokenizer()
        func id(_ token: String) throws -> Int { Int(try #require(tokenizer.id(of: token))) }
        let rule = PrefixRule(start: try id("<sop>"), marks: [try id("[gMASK]"), try id("[MASK]")])
        for part in try cases("chatglm") {
            let batch = try MicroBatch(part, isPacked: false)
            #expect(batch.layout.rows == part.count)
            for (example, place) in zip(part, batch.layout.places) {
                expectTokens(example, batch, place)
                var positions = [Int32](repeating: -1, count: 1 + 2 * batch.layout.length)
                let prefix = batch.input[batch.row(place)].withUnsafeBufferPointer { rule.prefix(of: $0) }
                positions.withUnsafeMutableBufferPointer { PrefixRule.write(prefix, first: 0, into: $0) }
                let (first, second) = (
                    positions.dropFirst().prefix(batch.layout.length), positions.suffix(batch.layout.length)
                )
                #expect(Array(first.prefix(place.positions)) == example.positions[0].dropLast(), "\(example.record)")
                #expect(Array(second.prefix(place.positions)) == example.positions[1].dropLast(), "\(example.record)")
                #expect(Int(positions[0]) == example.ids.firstIndex(of: Int32(rule.start)), "\(example.record)")
            }
        }
    }

    @Test(arguments: ["chatglm2", "chatglm3"], [false, true])
    func `rows of the later ChatGLMs have the labels and positions of the published code`(
        model: String, isPacked: Bool
    ) throws {
        for part in try cases(model) {
            let batch = try MicroBatch(part, isPacked: isPacked)
            #expect(batch.layout.rows == (isPacked ? 1 : part.count) && batch.layout.places.count == part.count)
            for (example, place) in zip(part, batch.layout.places) {
                expectTokens(example, batch, place)
                // Positions count from a row's beginning, or from a document's where rows are shared.
                let start = isPacked ? batch.layout.documents.first { $0.contains(place.start) }?.lowerBound : 0
                let positions = (place.start..<place.start + place.positions).map { Int32($0 - (start ?? -1)) }
                #expect(positions == example.positions[0].dropLast(), "\(example.record)")
            }
        }
    }
}
