import CPUDevices
import Tensors
import Testing

/// What several threads share gives the bits of one thread: large enough that it is really shared, and no multiple of
/// anything.
@Suite struct ThreadsTests {
    private let rows = 211
    private let width = 1003
    private var count: Int { rows * width }

    /// Runs `body` on backends of one thread and of three, and compares all that it returns.
    private func expectSame(_ body: (Lab) -> [Tensor], sourceLocation: SourceLocation = #_sourceLocation) {
        let (one, three) = (Lab(), Lab(threads: 3))
        let (expected, actual) = (body(one).map(one.bytes), body(three).map(three.bytes))
        #expect(expected == actual, sourceLocation: sourceLocation)
        #expect(!expected.isEmpty && expected.allSatisfy { Set($0).count > 8 }, sourceLocation: sourceLocation)
    }

    @Test(arguments: [DType.f32, .bf16, .f16]) func `elementwise operations do not depend on the number of threads`(
        dtype: DType
    ) {
        expectSame { lab in
            let x = lab.tensor(numbers(count, seed: 1, scale: 4), [rows, width], dtype)
            let dy = lab.tensor(numbers(count, seed: 2), [rows, width], dtype)
            let results = (0..<9).map { _ in lab.garbage([rows, width], dtype) }
            lab.backend.add(x, dy, into: results[0])
            lab.backend.activation(.geluTanh, x, into: results[1])
            lab.backend.activationBackward(.geluErf, x: x, dy: dy, into: results[2])
            lab.backend.dropout(
                x, into: results[3], probability: 0.3, key: RandomKey(seed: 1, layer: 2), rowsPerSample: 1)
            let wide = lab.garbage([rows, width])
            lab.backend.cast(x, into: wide)
            lab.backend.cast(wide, into: results[4])
            lab.backend.addScaled(x, by: 7.48, to: dy, into: results[5])
            lab.backend.scale(x, by: 7.48, into: results[6])
            lab.backend.softcap(x, cap: 3, into: results[7])
            lab.backend.softcapBackward(dy, x: x, cap: 3, into: results[8])
            return results + (dtype == .f32 ? [] : [wide])
        }
    }

    @Test(arguments: [true, false]) func `normalisations do not depend on the number of threads`(centred: Bool) {
        expectSame { lab in
            let x = lab.tensor(numbers(count, seed: 1), [rows, width])
            let dy = lab.tensor(numbers(count, seed: 2), [rows, width])
            let (weight, bias) = (lab.tensor(numbers(width, seed: 3)), lab.tensor(numbers(width, seed: 4)))
            let (y, dx) = (lab.garbage([rows, width]), lab.tensor(numbers(count, seed: 5), [rows, width]))
            let (dweight, dbias) = (lab.tensor(numbers(width, seed: 6)), lab.tensor(numbers(width, seed: 7)))
            let statistics = lab.garbage([rows, centred ? 2 : 1])
            let backend = lab.backend
            if centred {
                backend.layerNorm(x, weight: weight, bias: bias, epsilon: 1e-5, into: y, statistics: statistics)
                backend.layerNormBackwardInput(
                    dy, x: x, weight: weight, statistics: statistics, into: dx, accumulate: true)
                backend.layerNormBackwardWeight(dy, x: x, statistics: statistics, dweight: dweight, dbias: dbias)
            } else {
                backend.rmsNorm(x, weight: weight, epsilon: 1e-5, into: y, statistics: statistics)
                backend.rmsNormBackwardInput(
                    dy, x: x, weight: weight, statistics: statistics, into: dx, accumulate: true)
                backend.rmsNormBackwardWeight(dy, x: x, statistics: statistics, dweight: dweight)
            }
            backend.sumRows(dy, into: dbias, accumulate: true)
            return [y, dx, statistics, dweight, dbias]
        }
    }

    @Test func `losses and embeddings do not depend on the number of threads`() {
        expectSame { lab in
            let logits = lab.tensor(numbers(count, seed: 1, scale: 5), [rows, width])
            let prediction = lab.tensor(numbers(count, seed: 2), [rows, width])
            let (losses, squares) = (lab.garbage([rows]), lab.garbage([rows]))
            lab.backend.crossEntropy(
                logits, targets: lab.ids((0..<rows).map { $0 * 7 % width }), ignoreIndex: -100,
                normaliser: lab.normaliser(rows), rowLosses: losses)
            lab.backend.meanSquaredError(
                prediction, targets: lab.tensor(numbers(count, seed: 3), [rows, width]),
                normaliser: lab.normaliser(count), rowLosses: squares)
            let table = lab.tensor(numbers(50 * width, seed: 4), [50, width])
            let places = lab.tensor(numbers(7 * width, seed: 5), [7, width])
            let y = lab.garbage([30, 7, width])
            lab.backend.embedding(
                lab.ids((0..<210).map { $0 * 13 % 50 }, [30, 7]), token: table, position: places, into: y)
            return [logits, prediction, losses, squares, y]
        }
    }

    @Test func `updates do not depend on the number of threads`() {
        expectSame { lab in
            let gradient = lab.tensor(numbers(count, seed: 1), [rows, width])
            let states = (2..<6).map { lab.tensor(numbers(count, seed: UInt64($0)).map(abs), [rows, width]) }
            let copies = [lab.garbage([rows, width], .bf16), lab.garbage([rows, width], .f16)]
            lab.backend.adamW(
                states[0], gradient: gradient, m: states[1], v: states[2], working: copies[0],
                AdamStep(
                    learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, decoupled: true, t: 2))
            lab.backend.sgd(
                states[3], gradient: gradient, momentum: states[1], working: copies[1],
                SGDStep(learningRate: 0.1, momentum: 0.9, weightDecay: 0.1, first: false))
            return states + copies
        }
    }
}
