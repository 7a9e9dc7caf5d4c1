internal import Systems
package import Tensors

/// A file of samples that were tokenised before, as people prepare them for Hugging Face: a JSON object a line, with
/// `input_ids` and `labels`.
///
/// Sample i is line i, blank lines left out. The target at a position is the label of the next one; −100 does not count.
/// What a sample is shorter than `sequence` is padding: inputs 0, targets −100.
package final class SampleFile: Dataset {
    package let sequence: Int
    package let vocabulary: Int
    private let lines: SampleLines

    /// Throws when the file cannot be read or holds no line; what lines hold is looked at when they are read.
    package init(path: String, sequence: Int, vocabulary: Int) throws(DatasetError) {
        for (name, number) in [("data.sequence", sequence), ("vocabulary", vocabulary)]
        where !(1...Int(Int32.max)).contains(number) {
            throw .setting(name: name, expected: "1 to \(Int32.max)", got: "\(number)")
        }
        self.sequence = sequence
        self.vocabulary = vocabulary
        lines = try SampleLines(path: path)
    }

    /// How many ids the longest sample of a file has. Parses all of it.
    package static func longestSample(path: String, cache: ScanCache) throws(DatasetError) -> Int {
        let lines = try SampleLines(path: path)
        return try lines.summary(ofFirst: lines.count, cache: cache).longest
    }

    /// How many ids each sample of a file has. Parses all of it.
    package static func tokenCounts(path: String) throws(DatasetError) -> [Int32] {
        let lines = try SampleLines(path: path)
        var counts = [Int32](repeating: 0, count: lines.count)
        try lines.read(0..<lines.count) { (index, line) throws(DatasetError) in counts[index] = Int32(line.count) }
        return counts
    }

    package var sampleCount: Int { lines.count }
    package var inputSpec: TensorSpec { TensorSpec([sequence], .i32) }
    package var targetSpec: TensorSpec { TensorSpec([sequence], .i32) }

    package func targetCount(sample: Int) throws(DatasetError) -> Int {
        var count = 0
        try lines.read(sample..<sample + 1) { (_, line) throws(DatasetError) in count = line.targetCount }
        return count
    }

    package func tokenCount(ofSample sample: Int) throws(DatasetError) -> Int? {
        var count = 0
        try lines.read(sample..<sample + 1) { (_, line) throws(DatasetError) in count = line.count }
        return count
    }

    package func fill(
        sample: Int, input: UnsafeMutableRawBufferPointer, target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        precondition(
            input.count <= inputSpec.byteCount && target.count == input.count, "buffers of one sample")
        try lines.read(sample..<sample + 1) { (index, line) throws(DatasetError) in
            try check(line, at: index)
            line.copy(into: input.bindMemory(to: Int32.self), targets: target.bindMemory(to: Int32.self))
        }
    }

    package func check(samples: Int, cache: ScanCache) throws(DatasetError) {
        let count = min(samples, sampleCount)
        func fits(_ summary: SampleSummary) -> Bool {
            summary.longest <= sequence + 1 && summary.largest < vocabulary
        }
        guard !fits(try lines.summary(ofFirst: count, cache: cache, suffices: fits)) else { return }
        try lines.read(0..<count) { (index, line) throws(DatasetError) in try check(line, at: index) }
    }

    package func untargeted(among samples: Int, cache: ScanCache) throws(DatasetError) -> [Bool]? {
        let count = min(samples, sampleCount)
        func suffices(_ summary: SampleSummary) -> Bool { summary.untargeted == 0 }
        guard try !suffices(lines.summary(ofFirst: count, cache: cache, suffices: suffices)) else { return nil }
        var flags = [Bool](repeating: false, count: count)
        try lines.read(0..<count) { (index, line) throws(DatasetError) in flags[index] = line.targetCount == 0 }
        return flags
    }

    package func location(of sample: Int) -> String { lines.location(of: sample) }

    package func prepare(for order: SampleOrder) { lines.file.prepare(for: order) }

    private func check(_ line: borrowing SampleLine, at index: Int) throws(DatasetError) {
        if let problem = line.firstOutside(vocabulary) { throw lines.error(problem, at: index) }
        guard line.count > sequence + 1 else { return }
        // One more fits: the last id is only a target.
        let expected = "at most \(sequence + 1) ids, data.sequence and one more: raise data.sequence, or cut the sample"
        throw lines.error(LineProblem(expected: expected, got: "\(line.count)"), at: index)
    }
}
