import Tensors
import Testing

@Suite struct ProductTableTests {
    @Test(arguments: [
        "f32 512x2048x512 nt openblas", "f32 512x512x2048 nn onednn", "bf16 2048x512x512 tn onednn-sgemm",
    ]) func `a row reads back as it prints`(_ text: String) throws {
        let row = try #require(ProductTable.Row(text))
        #expect("\(row)" == text)
    }

    @Test(arguments: [
        "", "f32 512x2048x512 nt", "f32 512x2048 nt openblas", "f32 0x1x1 nt openblas", "i32 1x1x1 nt openblas",
        "f32 1x1x1 tx openblas", "f32 1x1x1 nt mkl", "f32 -1x1x1 nt openblas", "f32 1xx1 nt openblas",
        "f32 99999999999999999999x1x1 nt openblas", "f32 1x1x1 nt openblas more",
    ]) func `any other text is no row`(_ text: String) { #expect(ProductTable.Row(text) == nil) }

    @Test func `a product is found whether or not it is added to what is there`() throws {
        let table = ProductTable(["f32 4x5x6 nn openblas", "f32 4x5x6 nt onednn"].compactMap { ProductTable.Row($0) })
        let sum = MatMul(m: 4, n: 5, k: 6, accumulate: true)
        #expect(table[ProductTable.Key(sum, .f32)] == .openBLAS)
        #expect(table[ProductTable.Key(MatMul(m: 4, n: 5, k: 6, transposeB: true), .f32)] == .oneDNN)
        #expect(table[ProductTable.Key(MatMul(m: 4, n: 5, k: 7), .f32)] == nil)
        #expect(table[ProductTable.Key(sum, .bf16)] == nil)
    }

    @Test func `the same rows in any order are the same table`() {
        let rows = ["f32 4x5x6 tn openblas", "f32 4x5x6 nt onednn", "f32 2x5x6 nt onednn"].compactMap {
            ProductTable.Row($0)
        }
        let table = ProductTable(rows)
        #expect(table == ProductTable(rows.reversed()))
        #expect(
            table.rows.map(\.description) == [
                "f32 2x5x6 nt onednn", "f32 4x5x6 nt onednn", "f32 4x5x6 tn openblas",
            ])
    }
}
