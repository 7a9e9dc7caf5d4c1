import CPUDevices
import Tensors
import Testing

/// Normalisation in f64, and a loss whose slopes are the gradients: Σ y ∘ dy.
private struct NaiveNorm {
    var rows: Int
    var width: Int
    var centred: Bool
    var epsilon = 1e-5

    func statistics(_ x: [Double], _ row: Int) -> (mean: Double, inverse: Double) {
        let values = x[row * width..<(row + 1) * width]
        let mean = centred ? values.reduce(0, +) / Double(width) : 0
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
        return (mean, 1 / (variance + epsilon).squareRoot())
    }

    func forward(_ x: [Double], _ weight: [Double], _ bias: [Double]) -> [Double] {
        (0..<rows).flatMap { row in
            let s = statistics(x, row)
            return (0..<width).map { (x[row * width + $0] - s.mean) * s.inverse * weight[$0] + bias[$0] }
        }
    }
}

@Suite struct NormalisationTests {
    let lab = Lab()
    let rows = 3

    @Test(arguments: oddSizes, [true, false]) func `the forward pass agrees with its definition`(
        width: Int, centred: Bool
    ) {
        let naive = NaiveNorm(rows: rows, width: width, centred: centred)
        let x = numbers(rows * width, seed: 1).map { $0 + 0.5 }
        let weight = numbers(width, seed: 2)
        let bias = centred ? numbers(width, seed: 3) : [Double](repeating: 0, count: width)
        let (y, input) = (lab.garbage([rows, width]), lab.tensor(x, [rows, width]))
        let statistics = lab.garbage([rows, centred ? 2 : 1])
        if centred {
            lab.backend.layerNorm(
                input, weight: lab.tensor(weight), bias: lab.tensor(bias), epsilon: 1e-5, into: y,
                statistics: statistics)
        } else {
            lab.backend.rmsNorm(input, weight: lab.tensor(weight), epsilon: 1e-5, into: y, statistics: statistics)
        }
        // One element alone is its own mean: σ is √ε, and every rounding of x is magnified by 1/√ε.
        expectClose(lab.floats(y), naive.forward(x, weight, bias), tolerance: width == 1 ? 1e-4 : 4e-6)
        let expected = (0..<rows).flatMap { row in
            let s = naive.statistics(x, row)
            return centred ? [s.mean, s.inverse] : [s.inverse]
        }
        expectClose(lab.floats(statistics), expected)
    }

    @Test(arguments: [7, 17, 65], [true, false]) func `the backward pass agrees with its definition's gradients`(
        width: Int, centred: Bool
    ) {
        let naive = NaiveNorm(rows: rows, width: width, centred: centred)
        let (x, dy) = (numbers(rows * width, seed: 1).map { $0 + 0.5 }, numbers(rows * width, seed: 4))
        let (weight, bias) = (numbers(width, seed: 2), [Double](repeating: 0, count: width))
        let (input, gradient) = (lab.tensor(x, [rows, width]), lab.tensor(dy, [rows, width]))
        let statistics = lab.tensor(
            (0..<rows).flatMap { row in
                let s = naive.statistics(x, row)
                return centred ? [s.mean, s.inverse] : [s.inverse]
            })
        let expected = x.indices.map { slope({ dot(naive.forward($0, weight, bias), dy) }, at: x, $0) }
        for accumulate in [false, true] {
            let old = numbers(x.count, seed: 5)
            let dx = accumulate ? lab.tensor(old, [rows, width]) : lab.garbage([rows, width])
            backwardInput(centred)(gradient, input, lab.tensor(weight), statistics, dx, accumulate)
            expectClose(
                lab.floats(dx), accumulate ? zip(expected, old).map(+) : expected, tolerance: 4e-6, "dx \(accumulate)")
        }

        let (oldWeight, oldBias) = (numbers(width, seed: 6), numbers(width, seed: 7))
        let (dweight, dbias) = (lab.tensor(oldWeight), lab.tensor(oldBias))
        if centred {
            lab.backend.layerNormBackwardWeight(
                gradient, x: input, statistics: statistics, dweight: dweight, dbias: dbias)
        } else {
            lab.backend.rmsNormBackwardWeight(gradient, x: input, statistics: statistics, dweight: dweight)
        }
        let slopes = weight.indices.map { slope({ dot(naive.forward(x, $0, bias), dy) }, at: weight, $0) }
        expectClose(lab.floats(dweight), zip(slopes, oldWeight).map(+), tolerance: 4e-6, "dweight")
        guard centred else { return }
        let biasSlopes = bias.indices.map { slope({ dot(naive.forward(x, weight, $0), dy) }, at: bias, $0) }
        expectClose(lab.floats(dbias), zip(biasSlopes, oldBias).map(+), tolerance: 4e-6, "dbias")
    }

    private func backwardInput(_ centred: Bool) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Bool) -> Void {
        { dy, x, weight, statistics, dx, accumulate in
            if centred {
                lab.backend.layerNormBackwardInput(
                    dy, x: x, weight: weight, statistics: statistics, into: dx, accumulate: accumulate)
            } else {
                lab.backend.rmsNormBackwardInput(
                    dy, x: x, weight: weight, statistics: statistics, into: dx, accumulate: accumulate)
            }
        }
    }

    @Test(arguments: oddSizes) func `a weight that counts from 1 gives the bits of the weight plus 1`(width: Int) {
        let (x, dy) = (numbers(rows * width, seed: 1), numbers(rows * width, seed: 2))
        let weight = numbers(width, seed: 3)
        func run(_ weight: Tensor, _ unitOffset: Bool) -> [[Float]] {
            let (input, gradient) = (lab.tensor(x, [rows, width]), lab.tensor(dy, [rows, width]))
            let (y, dx) = (lab.garbage([rows, width]), lab.tensor(x, [rows, width]))
            let statistics = lab.garbage([rows, 1])
            lab.backend.rmsNorm(
                input, weight: weight, unitOffset: unitOffset, epsilon: 1e-5, into: y, statistics: statistics)
            lab.backend.rmsNormBackwardInput(
                gradient, x: input, weight: weight, unitOffset: unitOffset, statistics: statistics, into: dx,
                accumulate: true)
            return [y, dx, statistics].map(lab.floats)
        }
        // Numbers of 23 bits below 1: plus 1 they lose one bit, alike here and in the kernel.
        let plusOne = lab.tensor(weight.map { Double(Float($0) + 1) })
        #expect(run(lab.tensor(weight), true) == run(plusOne, false))
        #expect(run(lab.tensor(weight), true) != run(lab.tensor(weight), false))
    }

    @Test func `a gradient may be overwritten by its input`() {
        let width = 33
        let (x, dy) = (numbers(rows * width, seed: 1), numbers(rows * width, seed: 2))
        let (input, weight) = (lab.tensor(x, [rows, width]), lab.tensor(numbers(width, seed: 3)))
        let (gradient, apart) = (lab.tensor(dy, [rows, width]), lab.garbage([rows, width]))
        let (y, statistics) = (lab.garbage([rows, width]), lab.garbage([rows, 2]))
        lab.backend.layerNorm(input, weight: weight, bias: nil, epsilon: 1e-5, into: y, statistics: statistics)
        for target in [apart, gradient] {
            lab.backend.layerNormBackwardInput(
                gradient, x: input, weight: weight, statistics: statistics, into: target, accumulate: false)
        }
        #expect(lab.floats(gradient) == lab.floats(apart))
    }
}
