import CKernels
import Testing

/// Rows of whole numbers with a scale.
@Suite struct CompressionTests {
    private struct Random {
        var state: UInt64
        mutating func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 32)) / 0x1p31
        }
    }

    private func passed(_ x: [Float], rows: Int, residual: inout [Float]?) -> (scales: [Float], y: [Float]) {
        let width = x.count / rows
        var (scales, q, y) = ([Float](repeating: 7, count: rows), [Int8](repeating: 7, count: x.count), x)
        if residual == nil {
            ck_compress_rows(x, nil, &scales, &q, rows, width)
        } else {
            residual?.withUnsafeMutableBufferPointer { ck_compress_rows(x, $0.baseAddress, &scales, &q, rows, width) }
        }
        ck_expand_rows(scales, q, &y, rows, width)
        return (scales, y)
    }

    @Test(arguments: [1, 3, 16, 61, 256]) func `each number is within half a scale of what it was`(width: Int) {
        var random = Random(state: UInt64(width))
        let x = (0..<5 * width).map { Float($0 / width + 1) * random.next() }
        var none: [Float]?
        let (scales, y) = passed(x, rows: 5, residual: &none)
        for row in 0..<5 {
            let values = row * width..<(row + 1) * width
            #expect(scales[row] == (x[values].map(abs).max() ?? 0) / 127)
            for index in values { #expect(abs(x[index] - y[index]) <= scales[row] * 0.50001) }
        }
    }

    /// Σ of what passed differs from Σ of what there was by what is left alone, however many are added.
    @Test func `what rounding takes is not lost to a sum`() {
        var random = Random(state: 5)
        var residual: [Float]? = [Float](repeating: 0, count: 96)
        var (sum, sent, apart) = ([Double](repeating: 0, count: 96), [Double](repeating: 0, count: 96), 0.0)
        for _ in 0..<64 {
            let x = (0..<96).map { _ in random.next() }
            let y = passed(x, rows: 3, residual: &residual).y
            var none: [Float]?
            let alone = passed(x, rows: 3, residual: &none).y
            for index in x.indices {
                sum[index] += Double(x[index])
                sent[index] += Double(y[index])
                apart += Double(x[index] - alone[index])
            }
        }
        let left = residual ?? []
        for index in sum.indices { #expect(abs(sum[index] - sent[index] - Double(left[index])) < 1e-4) }
        #expect(zip(sum, sent).allSatisfy { abs($0 - $1) < 0.005 } && apart != 0)
    }

    @Test func `a row that is not finite stays so, and others are what they are`() {
        let x: [Float] = [1, -2, .nan, 0.5, 4, 127, 0, 0, 0, .infinity, 1, 1, 1e-38, 0, -1e-38]
        var residual: [Float]? = [Float](repeating: 0, count: 15)
        let y = passed(x, rows: 5, residual: &residual).y
        #expect(y[0..<3].allSatisfy(\.isNaN) && y[9..<12].allSatisfy(\.isNaN))
        // Ties go to the even neighbour.
        #expect(Array(y[3..<6]) == [0, 4, 127])
        #expect(y[6..<9].allSatisfy { $0 == 0 } && y[12...].allSatisfy { $0 == 0 })
        #expect(residual?.allSatisfy(\.isFinite) == true)
    }
}
