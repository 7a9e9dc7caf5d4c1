/// One of the devices that share a stage's layers: tensor parallelism (Shoeybi et al., arXiv 1909.08053).
public struct TensorShard: Hashable, Sendable {
    /// Which one, counted from 0.
    public let index: Int
    /// How many there are.
    public let count: Int

    /// - Precondition: `index` is one of `count`.
    public init(index: Int, count: Int) {
        precondition(count >= 1 && (0..<count).contains(index), "shard \(index) of \(count)")
        self.index = index
        self.count = count
    }

    /// Its part of so many channels: those of all shards lie one behind the other, and differ by one at most.
    public func part(of size: Int) -> Range<Int> {
        let (least, more) = (size / count, size % count)
        let start = index * least + min(index, more)
        return start..<start + least + (index < more ? 1 : 0)
    }
}

/// The shards of a stage, as one of them sees them.
///
/// Its compute thread makes the same calls in the same order on all shards, so that the number of a call within a pass
/// says what belongs together. Passes cannot throw: where an exchange fails, the call leaves x as it is and the error
/// with whoever made the group.
public protocol TensorGroup: AnyObject, Sendable {
    /// Which of the shards this one is.
    var shard: TensorShard { get }
    /// x becomes the sum of all shards' x, added as `Backend.sum(_:into:wide:)` adds them, so that all have the same bits.
    func sum(_ x: Tensor)
}

extension Backend {
    /// y = Σ parts, the first one first: in f32, and rounded once where y is shorter. y is none of the parts.
    /// - Parameter wide: f32, twice as many elements as y; not needed where y is f32.
    package func sum(_ parts: [Tensor], into y: Tensor, wide: Tensor? = nil) {
        precondition(!parts.isEmpty && parts.allSatisfy { $0.count == y.count }, "a sum of unequal parts")
        guard y.dtype != .f32 else {
            copy(parts[0], to: y)
            for part in parts.dropFirst() { add(y, part, into: y) }
            return
        }
        guard let wide else { preconditionFailure("a sum of \(y.dtype) without room for f32") }
        let (sum, next) = (wide.slice(start: 0, y.shape), wide.slice(start: y.count, y.shape))
        cast(parts[0], into: sum)
        for part in parts.dropFirst() {
            cast(part, into: next)
            add(sum, next, into: sum)
        }
        cast(sum, into: y)
    }
}
