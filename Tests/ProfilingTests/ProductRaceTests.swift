import Planning
import Profiling
import Tensors
import Testing

/// Who wins, from times that were measured.
@Suite struct ProductRaceTests {
    private let contest = ProductContest(ProductTable.Key(MatMul(m: 8, n: 16, k: 4, transposeB: true), .f32))

    private func laps(_ usual: [Double], _ others: [ProductTable.Library: [Double]]) -> ProductLaps {
        ProductLaps(
            usual: usual,
            others: others.sorted { $0.key.rawValue < $1.key.rawValue }.map { ProductLaps.Other($0.key, $0.value) })
    }

    @Test func `the fastest of those that are clearly faster wins`() {
        let usual = [1.0, 1, 1, 1, 1, 1, 1]
        let result = ProductResult(
            contest,
            [laps(usual, [.openBLAS: usual, .oneDNN: usual.map { $0 / 1.1 }, .oneDNNSGEMM: usual.map { $0 / 1.25 }])])
        #expect(result.library == "onednn-sgemm" && abs(result.gain - 1.25) < 1e-12)
        #expect(result.row?.description == "f32 8x16x4 nt onednn-sgemm")
    }

    @Test func `two hundredths are no reason to leave the rules`() {
        let usual = [1.0, 1, 1, 1, 1]
        let result = ProductResult(contest, [laps(usual, [.oneDNN: usual.map { $0 / 1.02 }])])
        #expect(result.library == nil && result.row == nil && abs(result.gain - 1.02) < 1e-12)
    }

    @Test func `a machine that slows down in the middle of a race slows all of a round's candidates alike`() {
        let usual = [1.0, 1, 1, 3, 3, 3, 1]
        let result = ProductResult(contest, [laps(usual, [.oneDNN: usual.map { $0 / 1.05 }, .openBLAS: usual])])
        #expect(result.library == "onednn")
    }

    @Test func `moments that disturb single laps decide nothing`() {
        let usual: [Double] = [1, 1, 9, 1, 1, 1, 9, 1]
        let result = ProductResult(contest, [laps(usual, [.oneDNN: [1, 9, 1, 1, 1, 1, 1, 1]])])
        #expect(result.library == nil)
    }

    @Test func `one that is faster in half of the rounds alone is no clear winner`() {
        let usual = [1.0, 1, 1, 1, 1, 1, 1, 1]
        let result = ProductResult(contest, [laps(usual, [.oneDNN: [0.7, 1.3, 0.7, 1.3, 0.7, 1.3, 0.7, 0.7]])])
        #expect(result.library == nil)
    }

    @Test func `the rounds of all devices count together`() {
        let usual = [1.0, 1, 1]
        let slow = laps(usual, [.oneDNN: usual.map { $0 * 1.2 }])
        let fast = laps(usual, [.oneDNN: usual.map { $0 / 1.2 }])
        #expect(ProductResult(contest, [fast, fast]).library == "onednn")
        #expect(ProductResult(contest, [fast, slow]).library == nil)
    }

    @Test func `without laps the rules stay`() {
        #expect(ProductResult(contest, []).library == nil)
        #expect(ProductResult(contest, [laps([], [.oneDNN: []])]).library == nil)
    }
}
