package import Tensors

/// Samples, each an input tensor and a target tensor.
package protocol Dataset: Sendable {
    var sampleCount: Int { get }
    /// One sample's input and target, without the batch axis.
    var inputSpec: TensorSpec { get }
    var targetSpec: TensorSpec { get }
    /// How many tokens a sample has; nil where all have the specs' shapes.
    func tokenCount(ofSample sample: Int) throws(DatasetError) -> Int?
    /// Writes a sample. The buffers have exactly the specs' sizes, or those of so many positions as the sample needs, and the
    /// elements' alignment. When this throws, the buffers hold nothing of use.
    func fill(
        sample: Int, input: UnsafeMutableRawBufferPointer, target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError)
    /// How many elements of a sample's target count in the loss.
    func targetCount(sample: Int) throws(DatasetError) -> Int
    /// Of each of the first so many samples, in the order of storage, whether nothing counts in its loss; nil where
    /// something counts in all of them.
    func untargeted(among samples: Int, cache: ScanCache) throws(DatasetError) -> [Bool]?
    /// Where a sample stands, for errors.
    func location(of sample: Int) -> String
    /// Reads the first so many samples, in the order of storage, and throws where one holds what cannot be trained on: so
    /// that it is found before work starts. `cache` keeps which files were found to be good.
    func check(samples: Int, cache: ScanCache) throws(DatasetError)
    /// Called once, with the order the samples will be asked for.
    func prepare(for order: SampleOrder)
}

extension Dataset {
    package func tokenCount(ofSample sample: Int) throws(DatasetError) -> Int? { nil }
}
