/// Which elements of a whole tensor a part of it holds: ranges along one axis, one behind the other.
///
///     TensorSlice(of: [6, 4], axis: 0, [0..<2, 4..<6])      // rows 0, 1, 4, 5
public struct TensorSlice: Hashable, Sendable {
    /// The whole tensor's shape.
    public let whole: Shape
    /// Along which axis it is cut.
    public let axis: Int
    /// What the part has of that axis, in order.
    public let ranges: [Range<Int>]

    /// - Precondition: the ranges lie in that axis.
    public init(of whole: Shape, axis: Int, _ ranges: [Range<Int>]) {
        precondition(
            (0..<whole.rank).contains(axis)
                && ranges.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= whole[axis] },
            "\(ranges) of axis \(axis) of \(whole)")
        self.whole = whole
        self.axis = axis
        self.ranges = ranges
    }

    /// The part's shape.
    public var shape: Shape {
        var extents = whole.extents
        extents[axis] = ranges.reduce(0) { $0 + $1.count }
        return Shape(extents)
    }

    /// What lies side by side in the whole and in the part: so many elements from `whole` on are those from `part` on.
    package struct Run: Hashable, Sendable {
        package var whole: Int
        package var part: Int
        package var count: Int
    }

    /// Calls `body` for each run, in the order of both tensors' elements where the ranges ascend.
    package func forEachRun<Failure: Error>(_ body: (Run) throws(Failure) -> Void) throws(Failure) {
        let inner = whole.extents[(axis + 1)...].reduce(1, *)
        var part = 0
        for outer in 0..<whole.extents[..<axis].reduce(1, *) {
            for range in ranges where !range.isEmpty {
                let count = range.count * inner
                try body(Run(whole: (outer * whole[axis] + range.lowerBound) * inner, part: part, count: count))
                part += count
            }
        }
    }

    /// part = its elements of the whole. Both hold elements of one size.
    package func gather(_ whole: UnsafeRawBufferPointer, into part: UnsafeMutableRawBufferPointer) {
        let size = elementSize(whole.count, part.count)
        forEachRun { run in
            let from = UnsafeRawBufferPointer(rebasing: whole[run.whole * size..<(run.whole + run.count) * size])
            UnsafeMutableRawBufferPointer(rebasing: part[(run.part * size)...]).copyMemory(from: from)
        }
    }

    /// The whole's elements of this part = the part; all others stay.
    package func scatter(_ part: UnsafeRawBufferPointer, into whole: UnsafeMutableRawBufferPointer) {
        let size = elementSize(whole.count, part.count)
        forEachRun { run in
            let from = UnsafeRawBufferPointer(rebasing: part[run.part * size..<(run.part + run.count) * size])
            UnsafeMutableRawBufferPointer(rebasing: whole[(run.whole * size)...]).copyMemory(from: from)
        }
    }

    private func elementSize(_ wholeBytes: Int, _ partBytes: Int) -> Int {
        let size = wholeBytes / max(whole.count, 1)
        precondition(
            size * whole.count == wholeBytes && size * shape.count == partBytes,
            "\(partBytes) bytes of \(wholeBytes) for \(shape) of \(whole)")
        return size
    }
}

extension Backend {
    /// part = its elements of a whole tensor on the same device.
    package func gather(_ whole: Tensor, _ slice: TensorSlice, into part: Tensor) {
        precondition(whole.count == slice.whole.count && part.count == slice.shape.count, "another slice's tensors")
        slice.forEachRun { run in
            copy(whole.slice(start: run.whole, [run.count]), to: part.slice(start: run.part, [run.count]))
        }
    }
}
