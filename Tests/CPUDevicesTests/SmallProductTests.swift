import CKernels
import Testing

/// The kernel of attention's products beside three nested loops.
@Suite struct SmallProductTests {
    /// Every remainder of rows (6), columns (16 and 8) and both ways to read a; nothing outside c is touched.
    @Test(arguments: [0, 1, 5, 9], [false, true])
    func `the kernel for small products agrees with three loops`(inner k: Int, accumulate: Bool) {
        let (aStride, bStride, cStride) = (40, 50, 60)
        let a = numbers(aStride * aStride, seed: 1).map(Float.init)
        let b = numbers(bStride * bStride, seed: 2).map(Float.init)
        let before = numbers(cStride * 20, seed: 3).map(Float.init)
        for m in 1...13 {
            for n in [1, 7, 8, 9, 15, 16, 17, 24, 31, 33] {
                for isTransposed in [false, true] {
                    let (row, column) = isTransposed ? (1, aStride) : (aStride, 1)
                    var c = before
                    ck_small_product(a, row, column, b, bStride, &c, cStride, m, n, k, accumulate ? 1 : 0)
                    var expected = before.map(Double.init)
                    for i in 0..<m {
                        for j in 0..<n {
                            let sum = (0..<k).reduce(0.0) {
                                $0 + Double(a[i * row + $1 * column]) * Double(b[$1 * bStride + j])
                            }
                            expected[i * cStride + j] = sum + (accumulate ? Double(before[i * cStride + j]) : 0)
                        }
                    }
                    expectClose(c, expected, "m \(m), n \(n), transposed \(isTransposed)")
                }
            }
        }
    }

    @Test func `the kernel that transposes agrees with two loops`() {
        let x = (0..<400).map(Float.init)
        for rows in [1, 3, 8, 9, 16, 19] {
            for columns in [1, 7, 8, 10, 16, 20] {
                var y = [Float](repeating: -1, count: 400)
                ck_transpose(x, 20, &y, 20, rows, columns)
                let expected = (0..<400).map { index in
                    let (column, row) = (index / 20, index % 20)
                    return column < columns && row < rows ? x[row * 20 + column] : -1
                }
                #expect(y == expected, "\(rows) × \(columns)")
            }
        }
    }
}
