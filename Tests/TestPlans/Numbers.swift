public import Tensors

/// A stream of numbers that is the same everywhere (Knuth's MMIX multiplier).
public struct Numbers {
    public var state: UInt64

    public init(state: UInt64) { self.state = state }

    public mutating func next(below limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(limit))
    }

    /// Ids, or numbers between −1 and 1.
    public mutating func fill(_ x: Tensor, below limit: Int, on backend: any Backend) {
        let words = (0..<x.count).map { _ in
            x.dtype == .i32
                ? UInt32(next(below: limit)) : (Float(next(below: 2001) - 1000) / 1000).bitPattern
        }
        words.withUnsafeBytes { backend.upload($0, to: x) }
    }
}
