import CPUDevices
import Tensors
import Testing

/// Products by the library that a table names.
@Suite struct ProductTableTests {
    private static let size = (m: 65, n: 130, k: 67)

    private func key(_ flags: Int, _ dtype: DType) -> ProductTable.Key {
        ProductTable.Key(shape(flags), dtype)
    }

    private func shape(_ flags: Int) -> MatMul {
        MatMul(
            m: Self.size.m, n: Self.size.n, k: Self.size.k, transposeA: flags & 1 != 0, transposeB: flags & 2 != 0,
            accumulate: flags & 4 != 0)
    }

    @Test(arguments: ProductTable.Library.allCases, [DType.f32, .bf16, .f16])
    func `whoever computes it, a product agrees with three loops, and comes out the same again`(
        library: ProductTable.Library, dtype: DType
    ) {
        let table = ProductTable((0..<4).map { ProductTable.Row(key($0, dtype), library) })
        let lab = Lab(products: table)
        let (m, n, k) = Self.size
        let values = [numbers(m * k, seed: 1), numbers(k * n, seed: 2), numbers(m * n, seed: 3), numbers(n, seed: 4)]
            .map { $0.map { Double(dtype.rounded(Float($0))) } }
        for flags in 0..<8 {
            let shape = shape(flags)
            func run() -> [Float] {
                let c = shape.accumulate ? lab.tensor(values[2]) : lab.garbage([m * n])
                lab.backend.matmul(
                    lab.tensor(values[0], nil, dtype), lab.tensor(values[1], nil, dtype), into: c, shape,
                    epilogue: .bias(lab.tensor(values[3])))
                return lab.floats(c)
            }
            let product = MatMulTests.product(values[0], values[1], shape).enumerated().map { index, value in
                value + values[3][index % n] + (shape.accumulate ? values[2][index] : 0)
            }
            let first = run()
            expectClose(first, product, "\(library), \(shape)")
            #expect(run() == first)
        }
    }

    @Test func `who computes a product already, and who cannot multiply its type as it is, are no others`() {
        let usual = CPUBackend(device: "cpu:0", threads: 1)
        #expect(usual.otherLibraries(for: key(2, .f32), hasBias: true).count == 2)
        #expect(!usual.otherLibraries(for: key(2, .f16), hasBias: true).contains(.oneDNN))
        for library in ProductTable.Library.allCases {
            let table = ProductTable([ProductTable.Row(key(2, .f32), library)])
            let backend = CPUBackend(device: "cpu:0", threads: 1, products: table)
            let others = ProductTable.Library.allCases.filter { $0 != library }
            #expect(backend.otherLibraries(for: key(2, .f32), hasBias: false) == others)
        }
    }
}
