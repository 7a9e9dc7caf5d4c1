import Datasets
import Tensors
import TestSupport
import Testing

@Suite struct DatasetTests {
    @Test func `sample i is t + 1 tokens from i × t`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(0..<14, to: "bytes")
        let dataset = try TokenDataset(source: TextTokens(paths: [path]), sequence: 4, vocabulary: 256)
        // The last target of sample 2 is token 12.
        #expect(dataset.sampleCount == 3)
        #expect(dataset.inputSpec == TensorSpec([4], .i32) && dataset.targetSpec == TensorSpec([4], .i32))
        let (input, target) = try sample(2, of: dataset, as: Int32.self)
        #expect(input == [8, 9, 10, 11])
        #expect(target == [9, 10, 11, 12])
        #expect(try TokenDataset(source: TextTokens(paths: [path]), sequence: 13, vocabulary: 256).sampleCount == 1)
    }

    @Test func `too few tokens for one sample are refused`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(0..<14, to: "bytes")
        try expectError("\(path): one sample needs 15 tokens (the sequence length and one more), got 14") {
            try TokenDataset(source: TextTokens(paths: [path]), sequence: 14, vocabulary: 256)
        }
        let empty = try folder.write([], to: "empty")
        try expectError("\(empty): one sample needs 2 tokens (the sequence length and one more), got 0") {
            try TokenDataset(source: TokenFile(path: empty, type: .u16), sequence: 1, vocabulary: 256)
        }
        try expectError("data.sequence: expected 1 to 2147483647, got 0") {
            try TokenDataset(source: TextTokens(paths: [path]), sequence: 0, vocabulary: 256)
        }
    }

    @Test func `a token outside the vocabulary is named with its place`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 0, 2, 0, 3, 0, 4, 0, 9, 0], to: "t.u16")
        let dataset = try TokenDataset(source: TokenFile(path: path, type: .u16), sequence: 2, vocabulary: 9)
        _ = try sample(0, of: dataset, as: Int32.self)
        // Only as the last target does the sample hold it.
        try expectError("\(path): token 4 (byte offset 8): token 9 is outside the vocabulary of 9: expected 0 to 8") {
            try sample(1, of: dataset, as: Int32.self)
        }
        let negative = try folder.write([0, 0, 0, 0, 0x9C, 0xFF, 0xFF, 0xFF], to: "t.i32")
        let signed = try TokenDataset(source: TokenFile(path: negative, type: .i32), sequence: 1, vocabulary: 9)
        try expectError(
            "\(negative): token 1 (byte offset 4): token -100 is outside the vocabulary of 9: expected 0 to 8; "
                + "a stream's tokens are inputs as well as targets, so it cannot mark targets that do not count: "
                + "leave them out, or use data.samples"
        ) {
            try sample(0, of: signed, as: Int32.self)
        }
        let text = try TextTokens(paths: [folder.write([1, 2], to: "x"), folder.write([3, 200], to: "y")])
        try expectError(
            "\(folder.file("y")): token 1 (byte offset 1): token 200 is outside the vocabulary of 128: expected 0 to 127"
        ) {
            try sample(0, of: TokenDataset(source: text, sequence: 3, vocabulary: 128), as: Int32.self)
        }
    }

    @Test func `rows hold inputs then targets`() throws {
        let folder = try TemporaryFolder()
        let path = try write([1, 2, 3, 4, 5, 6], to: "rows", in: folder)
        let rows = try RowFile(path: path, inputs: 2, targets: 1)
        #expect(rows.sampleCount == 2 && rows.inputSpec == TensorSpec([2]) && rows.targetSpec == TensorSpec([1]))
        let (input, target) = try sample(1, of: rows, as: Float.self)
        #expect(input == [4, 5] && target == [6])
        try expectError(
            "\(path): expected rows of 16 bytes (3 inputs and 1 targets as f32), at least one, got 24 bytes"
        ) {
            try RowFile(path: path, inputs: 3, targets: 1)
        }
        #expect(throws: DatasetError.self) { try RowFile(path: path, inputs: 0, targets: 6) }
        #expect(throws: DatasetError.self) { try RowFile(path: path, inputs: .max, targets: .max) }
        let empty = try folder.write([], to: "empty")
        #expect(throws: DatasetError.self) { try RowFile(path: empty, inputs: 1, targets: 1) }
    }

    @Test func `a micro batch is its samples row by row`() throws {
        let folder = try TemporaryFolder()
        let rows = try RowFile(path: write((0..<15).map(Float.init), to: "rows", in: folder), inputs: 2, targets: 1)
        let plan = BatchPlan(sampleCount: rows.sampleCount, micro: 2, microBatches: 2, order: .sequential)
        let batch = HostBatch(inputBytes: 16, targetBytes: 8)
        let layout = try plan.contents(of: rows, step: 1).layouts[0]
        try plan.fill(layout, from: rows, input: batch.input, target: batch.target)
        // Samples 4 and, behind the last one, 0.
        #expect(Array(batch.input.bindMemory(to: Float.self)) == [12, 13, 0, 1])
        #expect(Array(batch.target.bindMemory(to: Float.self)) == [14, 2])
    }

    @Test func `the normaliser counts the targets of the global batch`() throws {
        let source = try RandomTokens(count: 1000, vocabulary: 5, seed: 0)
        let tokens = try TokenDataset(source: source, sequence: 16, vocabulary: 5)
        let plan = BatchPlan(sampleCount: tokens.sampleCount, micro: 3, microBatches: 4, order: .sequential)
        let contents = try plan.contents(of: tokens, step: 2)
        #expect(contents.targets == 12 * 16 && contents.tokens == nil && contents.layouts.count == 4)
    }

    @Test func `bytes are tokens and back`() {
        let tokenizer = ByteTokenizer()
        #expect(tokenizer.encode("aé") == [97, 0xC3, 0xA9])
        #expect(tokenizer.decode([97, 0xC3, 0xA9]) == "aé")
        #expect(tokenizer.decode([97, 0xC3, 98, -1, 256, 99]) == "a\u{FFFD}b\u{FFFD}\u{FFFD}c")
    }

    private func write(_ values: [Float], to name: String, in folder: TemporaryFolder) throws -> String {
        try folder.write(values.withUnsafeBytes { Array($0) }, to: name)
    }
}

func sample<Element: BitwiseCopyable>(
    _ sample: Int, of dataset: any Dataset, as: Element.Type
) throws -> (input: [Element], target: [Element]) {
    let batch = HostBatch(inputBytes: dataset.inputSpec.byteCount, targetBytes: dataset.targetSpec.byteCount)
    try dataset.fill(sample: sample, input: batch.input, target: batch.target)
    return (Array(batch.input.bindMemory(to: Element.self)), Array(batch.target.bindMemory(to: Element.self)))
}
