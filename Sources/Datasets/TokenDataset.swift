package import Tensors

/// Next-token prediction over a stream: sample i is tokens[i·T … i·T+T], the first T its input, the last T its target.
package struct TokenDataset: Dataset {
    package let source: any TokenSource
    /// T, the tokens of one input.
    package let sequence: Int
    package let vocabulary: Int

    /// Throws when a size is not positive or the stream is too short for one sample.
    package init(source: any TokenSource, sequence: Int, vocabulary: Int) throws(DatasetError) {
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

    package var sampleCount: Int { (source.count - 1) / sequence }
    package var inputSpec: TensorSpec { TensorSpec([sequence], .i32) }
    package var targetSpec: TensorSpec { TensorSpec([sequence], .i32) }
    package func targetCount(sample: Int) -> Int { sequence }
    package func untargeted(among samples: Int, cache: ScanCache) -> [Bool]? { nil }
    package func location(of sample: Int) -> String { "\(source.location(of: sample * sequence))" }

    package func fill(
        sample: Int, input: UnsafeMutableRawBufferPointer, target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        precondition((0..<sampleCount).contains(sample), "sample \(sample) of \(sampleCount)")
        precondition(
            input.count == inputSpec.byteCount && target.count == targetSpec.byteCount, "buffers of one sample")
        let start = sample * sequence
        let (tokens, next) = (input.bindMemory(to: Int32.self), target.bindMemory(to: Int32.self))
        try copy(from: start, into: tokens)
        // The targets are the inputs, one token further.
        _ = UnsafeMutableBufferPointer(rebasing: next.dropLast()).update(fromContentsOf: tokens.dropFirst())
        try copy(from: start + sequence, into: UnsafeMutableBufferPointer(rebasing: next.suffix(1)))
    }

    package func check(samples: Int, cache: ScanCache) throws(DatasetError) {
        let end = min(samples, sampleCount) * sequence + 1
        guard let index = try source.firstToken(notBelow: vocabulary, in: 0..<end, cache: cache) else { return }
        var token: Int32 = 0
        try withUnsafeMutablePointer(to: &token) { token throws(DatasetError) in
            try source.copy(index..<index + 1, into: UnsafeMutableBufferPointer(start: token, count: 1))
        }
        throw outside(Int(token), at: index)
    }

    package func prepare(for order: SampleOrder) { source.prepare(for: order) }

    private func copy(from start: Int, into out: UnsafeMutableBufferPointer<Int32>) throws(DatasetError) {
        try source.copy(start..<start + out.count, into: out)
        let limit = UInt32(vocabulary)
        for (i, token) in out.enumerated() where UInt32(bitPattern: token) >= limit {
            throw outside(Int(token), at: start + i)
        }
    }

    private func outside(_ token: Int, at index: Int) -> DatasetError {
        .vocabulary(token: token, vocabulary: vocabulary, location: source.location(of: index))
    }
}
