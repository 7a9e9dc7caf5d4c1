public import Tensors

/// Next-token prediction over a stream: sample i is tokens[i·T … i·T+T], the first T its input, the last T its target.
public struct TokenDataset: Dataset {
    public let source: any TokenSource
    /// T, the tokens of one input.
    public let sequence: Int
    public let vocabulary: Int

    /// Throws when a size is not positive or the stream is too short for one sample.
    public init(source: any TokenSource, sequence: Int, vocabulary: Int) throws(DatasetError) {
        guard (1...Int(Int32.max)).contains(sequence) else {
            throw .setting(name: "data.sequence", expected: "1 to \(Int32.max)", got: "\(sequence)")
        }
        guard (1...Int(Int32.max)).contains(vocabulary) else {
            throw .setting(name: "vocabulary", expected: "1 to \(Int32.max)", got: "\(vocabulary)")
        }
        guard source.count > sequence else {
            throw .noSample(source: source.name, tokens: source.count, needed: sequence + 1)
        }
        self.source = source
        self.sequence = sequence
        self.vocabulary = vocabulary
    }

    public var sampleCount: Int { (source.count - 1) / sequence }
    public var inputSpec: TensorSpec { TensorSpec([sequence], .i32) }
    public var targetSpec: TensorSpec { TensorSpec([sequence], .i32) }
    public func targetCount(sample: Int) -> Int { sequence }

    public func fill(
        sample: Int, input: UnsafeMutableRawBufferPointer, target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        precondition((0..<sampleCount).contains(sample), "sample \(sample) of \(sampleCount)")
        precondition(
            input.count == inputSpec.byteCount && target.count == targetSpec.byteCount, "buffers of one sample")
        let start = sample * sequence
        try copy(from: start, into: input.bindMemory(to: Int32.self))
        try copy(from: start + 1, into: target.bindMemory(to: Int32.self))
    }

    public func prepare(for order: SampleOrder) { source.prepare(for: order) }

    private func copy(from start: Int, into out: UnsafeMutableBufferPointer<Int32>) throws(DatasetError) {
        source.copy(start..<start + sequence, into: out)
        let limit = UInt32(vocabulary)
        for (i, token) in out.enumerated() where UInt32(bitPattern: token) >= limit {
            throw .vocabulary(token: Int(token), vocabulary: vocabulary, location: source.location(of: start + i))
        }
    }
}
