/// Where a model's layers are cut into stages: every layer in exactly one, no stage empty.
///
///     let partition = try Partition.balanced(weights: [4, 1, 1, 2], stages: 2)
///     partition.stages      // [0..<1, 1..<4]
public struct Partition: Hashable, Sendable {
    /// Layers of the whole model.
    public let layerCount: Int
    /// The first layer of each stage but the first.
    public let cuts: [Int]

    /// The cuts are strictly increasing and lie in `1 ..< layers`.
    init(layers: Int, cuts: [Int]) {
        layerCount = layers
        self.cuts = cuts
    }

    /// One more than there are cuts.
    public var stageCount: Int { cuts.count + 1 }

    /// The layers of each stage.
    public var stages: [Range<Int>] { Self.stages(cuts: cuts, layers: layerCount) }

    /// The layers of each stage, for cuts that are strictly increasing and lie in `1 ..< layers`.
    public static func stages(cuts: [Int], layers: Int) -> [Range<Int>] {
        zip([0] + cuts, cuts + [layers]).map { $0..<$1 }
    }

    /// The sum of the weights of each stage's layers.
    public func stageWeights(_ weights: [Double]) -> [Double] {
        precondition(weights.count == layerCount, "\(weights.count) weights for \(layerCount) layers")
        return stages.map { weights[$0].reduce(0, +) }
    }
}
