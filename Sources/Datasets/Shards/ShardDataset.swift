internal import Systems
package import Tensors

/// Samples of a folder of shards, each padded to one length: inputs are a sample's ids, the target at a position is the
/// next id where that counts, else −100. Padding has inputs 0 and targets −100.
package final class ShardDataset: Dataset {
    package let shards: ShardSet
    package let sequence: Int
    package let vocabulary: Int

    /// - Parameter sequence: positions of a sample; as many as the longest has tokens where nil.
    package init(_ shards: ShardSet, sequence: Int? = nil, vocabulary: Int) throws(DatasetError) {
        self.shards = shards
        self.sequence = sequence ?? shards.longest
        self.vocabulary = vocabulary
        // One more fits: the last id is only a target.
        guard (1...Int(Int32.max)).contains(self.sequence), shards.longest <= self.sequence + 1 else {
            throw .setting(
                name: "data.sequence",
                expected: "at least \(shards.longest - 1), for the longest of \(shards.path.printable())",
                got: "\(self.sequence)")
        }
    }

    package var sampleCount: Int { shards.sampleCount }
    package var inputSpec: TensorSpec { TensorSpec([sequence], .i32) }
    package var targetSpec: TensorSpec { TensorSpec([sequence], .i32) }

    package func tokenCount(ofSample sample: Int) throws(DatasetError) -> Int? { try shards.length(ofSample: sample) }

    package func fill(
        sample: Int, input: UnsafeMutableRawBufferPointer, target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        precondition(input.count <= inputSpec.byteCount && target.count == input.count, "buffers of one sample")
        let (inputs, targets) = (input.bindMemory(to: Int32.self), target.bindMemory(to: Int32.self))
        try shards.withSample(sample) { words throws(DatasetError) in
            let read = min(words.count, inputs.count)
            for place in 0..<read {
                let id = UInt32(littleEndian: words[place]) & ShardSet.idMask
                guard id < UInt32(clamping: vocabulary) else { throw self.outside(sample, place, Int(id)) }
                inputs[place] = Int32(bitPattern: id)
                let next = place + 1 < words.count ? UInt32(littleEndian: words[place + 1]) : 0
                let counts = next & ShardSet.countBit != 0
                guard !counts || next & ShardSet.idMask < UInt32(clamping: vocabulary) else {
                    throw self.outside(sample, place + 1, Int(next & ShardSet.idMask))
                }
                targets[place] = counts ? Int32(bitPattern: next & ShardSet.idMask) : SampleLine.ignored
            }
            inputs[read...].update(repeating: 0)
            targets[read...].update(repeating: SampleLine.ignored)
        }
    }

    private func outside(_ sample: Int, _ place: Int, _ id: Int) -> DatasetError {
        .vocabulary(
            token: id, vocabulary: vocabulary,
            location: TokenLocation(source: location(of: sample), token: place, byte: nil))
    }

    package func targetCount(sample: Int) throws(DatasetError) -> Int {
        try shards.withSample(sample) { words in
            words.dropFirst().count { UInt32(littleEndian: $0) & ShardSet.countBit != 0 }
        }
    }

    package func untargeted(among samples: Int, cache: ScanCache) throws(DatasetError) -> [Bool]? {
        try shards.untargeted(among: samples, cache: cache)
    }

    package func location(of sample: Int) -> String { shards.location(of: sample) }

    package func check(samples: Int, cache: ScanCache) throws(DatasetError) {
        try shards.check(vocabulary: vocabulary, samples: samples, cache: cache)
    }

    package func prepare(for order: SampleOrder) { shards.prepare(for: order) }
}
