import Tensors

/// How a layer is one of several shards of itself: tensor parallelism as in Megatron-LM (Shoeybi et al., arXiv 1909.08053).
public enum LayerSplit: Hashable, Sendable {
    /// Some heads of attention and some inner channels of an MLP; what goes in and what comes out is whole.
    case inside
    /// A product's outputs: what goes in is whole.
    case outputs
    /// A product's inputs: what comes out is whole.
    case inputs
    /// Some of so many channels that go in and come out: each channel is computed by itself.
    case channels(of: Int)
    /// Some rows of a vocabulary; what comes out is whole.
    case vocabulary
}

/// Which channels of a matrix product a shard has: some of its outputs, or of its inputs. Of the other side it has all.
struct ProductPart: Hashable, Sendable {
    enum Side {
        case inputs
        case outputs
    }

    let side: Side
    /// Channels of that side, those of all shards.
    let whole: Int
    /// What the shard has of them.
    let ranges: [Range<Int>]
    let shard: TensorShard

    init(_ side: Side, of whole: Int, _ ranges: [Range<Int>], _ shard: TensorShard) {
        self.side = side
        self.whole = whole
        self.ranges = ranges
        self.shard = shard
    }

    /// The shard's share of these channels.
    init(_ side: Side, of whole: Int, _ shard: TensorShard, _ channels: String) throws(LayerError) {
        guard whole >= shard.count else {
            throw LayerError(
                expected: "at least one of the \(channels) for each device of `tensor: \(shard.count)`",
                got: "\(whole) of them")
        }
        self.init(side, of: whole, [shard.part(of: whole)], shard)
    }

    /// Channels that the shard has.
    var count: Int { ranges.reduce(0) { $0 + $1.count } }
    /// The first of them.
    var first: Int { ranges.first?.lowerBound ?? 0 }

    /// The same channels as another side of another product.
    func turned(_ side: Side) -> ProductPart { ProductPart(side, of: whole, ranges, shard) }

    /// What the shard has of a product's weight: [outputs, inputs].
    func weight(_ spec: ParameterSpec) -> ParameterSpec {
        var (spec, extents) = (spec, spec.shape.extents)
        let axis = side == .outputs ? 0 : 1
        extents[axis] = whole
        spec.slice = TensorSlice(of: Shape(extents), axis: axis, ranges)
        return spec
    }

    /// What it has of the bias: that of its outputs, or all of it.
    func bias(_ spec: ParameterSpec) -> ParameterSpec {
        guard side == .outputs else { return spec }
        var spec = spec
        spec.slice = TensorSlice(of: [whole], axis: 0, ranges)
        return spec
    }
}

extension TensorShard {
    /// Throws where the shards cannot have equally many.
    func requireEqualParts(of count: Int, _ what: String) throws(LayerError) {
        guard count.isMultiple(of: self.count) else {
            throw LayerError(expected: "\(what): a multiple of `tensor: \(self.count)`", got: "\(count)")
        }
    }
}

extension LayerFrame {
    /// x becomes the sum over all shards of the layer.
    func sum(_ x: Tensor) {
        guard let group else { preconditionFailure("a split layer's frame without its group") }
        group.sum(x)
    }
}
