import CPUDevices
import Glibc
import Tensors
import Testing

@Suite struct LossTests {
    let lab = Lab()

    private func naiveLoss(_ logits: ArraySlice<Double>, _ target: Int) -> Double {
        let top = logits.max() ?? 0
        return log(logits.reduce(0) { $0 + exp($1 - top) }) + top - logits[logits.startIndex + target]
    }

    /// Sizes up to several blocks of a row, and past the number of blocks that one row may have.
    @Test(arguments: oddSizes + [1023, 1024, 1025, 2500]) func `cross-entropy agrees with its definition`(classes: Int)
    {
        let rows = 4
        let x = numbers(rows * classes, seed: 1, scale: 8)
        let targets = [0, classes - 1, -100, classes / 2]
        let (logits, losses) = (lab.tensor(x, [rows, classes]), lab.garbage([rows]))
        lab.backend.crossEntropy(
            logits, targets: lab.ids(targets), ignoreIndex: -100, normaliser: lab.normaliser(3), rowLosses: losses)
        var (expectedLosses, expected): ([Double], [Double]) = ([], [])
        for (row, target) in targets.enumerated() {
            let values = x[row * classes..<(row + 1) * classes]
            let loss = target < 0 ? 0 : naiveLoss(values, target)
            expectedLosses.append(loss)
            let top = values.max() ?? 0
            let sum = values.reduce(0) { $0 + exp($1 - top) }
            expected += values.enumerated().map { index, v in
                target < 0 ? 0 : (exp(v - top) / sum - (index == target ? 1 : 0)) / 3
            }
        }
        expectClose(lab.floats(losses), expectedLosses)
        expectClose(lab.floats(logits), expected, tolerance: 1e-6)
    }

    @Test func `the gradient is the slope of the loss`() {
        let x = numbers(17, seed: 1, scale: 3)
        let (logits, losses) = (lab.tensor(x, [1, 17]), lab.garbage([1]))
        lab.backend.crossEntropy(
            logits, targets: lab.ids([5]), ignoreIndex: -100, normaliser: lab.normaliser(1), rowLosses: losses)
        expectClose(lab.floats(logits), x.indices.map { slope({ naiveLoss($0[...], 5) }, at: x, $0) }, tolerance: 1e-6)
    }

    @Test func `a row that is longer than all blocks together is summed whole`() {
        let classes = 300_001
        let x = numbers(classes, seed: 1, scale: 4)
        let (logits, losses) = (lab.tensor(x, [1, classes]), lab.garbage([1]))
        lab.backend.crossEntropy(
            logits, targets: lab.ids([classes - 1]), ignoreIndex: -100, normaliser: lab.normaliser(1),
            rowLosses: losses)
        expectClose(lab.floats(losses), [naiveLoss(x[...], classes - 1)], tolerance: 1e-6)
        #expect(abs(lab.backend.sum(logits)) < 1e-5)
    }

    @Test func `logits that are far apart do not overflow`() {
        let classes = 2048
        var x = [Double](repeating: -1e30, count: classes)
        x[0] = 1e30
        x[1] = -.infinity
        let (logits, losses) = (lab.tensor(x + x, [2, classes]), lab.garbage([2]))
        lab.backend.crossEntropy(
            logits, targets: lab.ids([0, 0]), ignoreIndex: -100, normaliser: lab.normaliser(2), rowLosses: losses)
        #expect(lab.floats(losses) == [0, 0])
        #expect(lab.floats(logits).allSatisfy { $0 == 0 })
    }

    @Test func `NaN stays NaN`() {
        let (logits, losses) = (lab.tensor([0, .nan, 1], [1, 3]), lab.garbage([1]))
        lab.backend.crossEntropy(
            logits, targets: lab.ids([0]), ignoreIndex: -100, normaliser: lab.normaliser(1), rowLosses: losses)
        #expect(lab.floats(losses)[0].isNaN)
    }

    @Test func `nothing counts where the normaliser is zero`() {
        let (logits, losses) = (lab.tensor([1, 2, 3, 4], [2, 2]), lab.garbage([2]))
        lab.backend.crossEntropy(
            logits, targets: lab.ids([-100, -100]), ignoreIndex: -100, normaliser: lab.normaliser(0),
            rowLosses: losses)
        #expect(lab.floats(logits) == [0, 0, 0, 0])
        #expect(lab.floats(losses) == [0, 0])
        let prediction = lab.tensor([1, 2, 3, 4], [2, 2])
        lab.backend.meanSquaredError(
            prediction, targets: lab.tensor([0, 0, 0, 0], [2, 2]), normaliser: lab.normaliser(0), rowLosses: losses)
        #expect(lab.floats(prediction) == [0, 0, 0, 0])
        #expect(lab.floats(losses) == [0, 0])
    }

    @Test(arguments: oddSizes) func `the mean squared error agrees with its definition`(width: Int) {
        let (x, t) = (numbers(3 * width, seed: 1), numbers(3 * width, seed: 2))
        let (prediction, losses) = (lab.tensor(x, [3, width]), lab.garbage([3]))
        lab.backend.meanSquaredError(
            prediction, targets: lab.tensor(t, [3, width]), normaliser: lab.normaliser(12), rowLosses: losses)
        expectClose(lab.floats(prediction), zip(x, t).map { 2 * ($0 - $1) / 12 })
        let squares = zip(x, t).map { ($0 - $1) * ($0 - $1) }
        expectClose(lab.floats(losses), (0..<3).map { squares[$0 * width..<($0 + 1) * width].reduce(0, +) })
    }

    @Test(arguments: oddSizes + [4095, 4096, 4097, 20_000]) func `sums run in f64`(count: Int) {
        let x = numbers(count, seed: 1).map { Double(Float($0 + 1e3)) }
        #expect(abs(lab.backend.sum(lab.tensor(x)) / x.reduce(0, +) - 1) < 1e-13)
        #expect(abs(lab.backend.sumOfSquares(lab.tensor(x)) / dot(x, x) - 1) < 1e-13)
    }
}
