import Tensors
import Testing

@Suite struct TensorSliceTests {
    @Test(arguments: [1, 2, 3, 7]) func `the parts of all shards are all channels, and differ by one at most`(
        _ count: Int
    ) {
        for size in 0..<23 {
            let parts = (0..<count).map { TensorShard(index: $0, count: count).part(of: size) }
            #expect(parts.flatMap { Array($0) } == Array(0..<size))
            #expect((parts.map(\.count).max() ?? 0) - (parts.map(\.count).min() ?? 0) <= 1)
        }
    }

    @Test(arguments: [
        TensorSlice(of: [6, 4], axis: 0, [0..<2, 4..<6]), TensorSlice(of: [6, 4], axis: 1, [1..<2, 3..<4]),
        TensorSlice(of: [9], axis: 0, [2..<5, 5..<5, 7..<9]), TensorSlice(of: [2, 3, 4], axis: 1, [0..<1, 2..<3]),
    ])
    func `a part is gathered and put back where it was`(_ slice: TensorSlice) {
        let whole = (0..<slice.whole.count).map { Int32($0) }
        var part = [Int32](repeating: -1, count: slice.shape.count)
        whole.withUnsafeBytes { whole in part.withUnsafeMutableBytes { slice.gather(whole, into: $0) } }
        let inner = slice.whole.extents[(slice.axis + 1)...].reduce(1, *)
        let indices = slice.ranges.flatMap { Array($0) }
        #expect(part == whole.filter { indices.contains(Int($0) / inner % slice.whole[slice.axis]) })
        var again = [Int32](repeating: -1, count: whole.count)
        part.withUnsafeBytes { part in again.withUnsafeMutableBytes { slice.scatter(part, into: $0) } }
        #expect(again == whole.map { part.contains($0) ? $0 : -1 })
    }
}
