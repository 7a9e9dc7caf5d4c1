import CKernels
import CPUDevices
import Glibc
import Tensors
import Testing

@Suite struct RandomTests {
    let lab = Lab()
    let key = RandomKey(seed: 0x1234_5678_9abc_def0, step: 3, sample: 5, layer: 7)

    @Test func `the kernel's Philox is the host's`() {
        for index in 0..<32 as Range<UInt32> {
            let counter = SIMD4(index, ~index, index &* 0x9e37_79b9, 7)
            let key = SIMD2(index << 16, index)
            var words = [UInt32](repeating: 0, count: 4)
            ck_philox((0..<4).map { counter[$0] }, [key[0], key[1]], &words)
            let block = Philox.block(counter, key: key)
            #expect(words == (0..<4).map { block[$0] })
        }
    }

    /// The word of one element, as the kernels' header says.
    private func word(_ element: Int, _ key: RandomKey, domain: UInt32) -> UInt32 {
        let block = UInt32(element / 64 * 16 + element % 16) | domain
        return Philox.block(block, of: key)[element % 64 / 16]
    }

    @Test(arguments: oddSizes) func `uniform numbers are the words of Philox`(count: Int) {
        let x = lab.garbage([count])
        lab.backend.fill(x, .uniform(-2, 3), key: key)
        let expected = (0..<count).map { -2 + 5 * Double(word($0, key, domain: 1 << 31) >> 8) / Double(1 << 24) }
        expectClose(lab.floats(x), expected, tolerance: 2e-7)
    }

    @Test(arguments: oddSizes) func `normal numbers are drawn by the method of Box and Muller`(count: Int) {
        let x = lab.garbage([count])
        lab.backend.fill(x, .normal(mean: 1, deviation: 0.5), key: key)
        let expected = (0..<count).map { element in
            let slot = element % 64 / 16
            let first = element - slot % 2 * 16
            let radius = (-2 * log((Double(word(first, key, domain: 1 << 31)) + 1) / 0x1p32)).squareRoot()
            let angle = 2 * Double.pi * Double(word(first + 16, key, domain: 1 << 31)) / 0x1p32
            return 1 + 0.5 * radius * (slot % 2 == 0 ? cos(angle) : sin(angle))
        }
        expectClose(lab.floats(x), expected, tolerance: 1e-7)
    }

    @Test func `many numbers have the moments of their distribution`() {
        let count = 1 << 18
        let x = lab.garbage([count])
        lab.backend.fill(x, .normal(mean: 0, deviation: 1), key: key)
        let values = lab.floats(x).map(Double.init)
        func moment(_ power: Double) -> Double { values.reduce(0) { $0 + pow($1, power) } / Double(count) }
        #expect(abs(moment(1)) < 0.01)
        #expect(abs(moment(2) - 1) < 0.02)
        #expect(abs(moment(4) - 3) < 0.1)
        #expect((values.map(abs).max() ?? 0) > 4)
        lab.backend.fill(x, .uniform(0, 1), key: key)
        #expect(abs(lab.backend.sum(x) / Double(count) - 0.5) < 0.003)
    }

    @Test func `every part of the key matters`() {
        func bits(_ key: RandomKey) -> [Float] {
            let x = lab.garbage([40])
            lab.backend.fill(x, .uniform(0, 1), key: key)
            return lab.floats(x)
        }
        let keys = [
            key, RandomKey(seed: key.seed + 1, step: 3, sample: 5, layer: 7),
            RandomKey(seed: key.seed + 1 << 32, step: 3, sample: 5, layer: 7),
            RandomKey(seed: key.seed, step: 4, sample: 5, layer: 7),
            RandomKey(seed: key.seed, step: 3, sample: 6, layer: 7),
            RandomKey(seed: key.seed, step: 3, sample: 5, layer: 8),
        ]
        #expect(Set(keys.map(bits)).count == keys.count)
        #expect(bits(key) == bits(key))
    }

    @Test(arguments: [0, 0.1, 0.5, 1] as [Float]) func `dropout drops where Philox says and scales the rest`(
        probability: Float
    ) {
        let (rows, width) = (6, 37)
        let x = numbers(rows * width, seed: 1)
        let (input, output) = (lab.tensor(x, [rows, width]), lab.garbage([rows, width]))
        lab.backend.dropout(input, into: output, probability: probability, key: key, rowsPerSample: 2)
        let threshold = Double(probability) * 0x1p32
        let expected = x.indices.map { index -> Double in
            var sampleKey = key
            sampleKey.sample += UInt32(index / (2 * width))
            let keeps = Double(word(index % (2 * width), sampleKey, domain: 0)) >= threshold.rounded(.down)
            return keeps && probability < 1 ? x[index] / (1 - Double(probability)) : 0
        }
        expectClose(lab.floats(output), expected, tolerance: 2e-7)
        lab.backend.dropout(input, into: input, probability: probability, key: key, rowsPerSample: 2)
        #expect(lab.floats(input) == lab.floats(output))
    }

    @Test func `a sample's mask does not depend on its micro-batch`() {
        let width = 50
        let ones = [Double](repeating: 1, count: 4 * 3 * width)
        let together = lab.tensor(ones, [4, 3, width])
        lab.backend.dropout(together, into: together, probability: 0.3, key: key, rowsPerSample: 3)
        for sample in 0..<4 {
            var sampleKey = key
            sampleKey.sample += UInt32(sample)
            let alone = lab.tensor([Double](ones.prefix(3 * width)), [1, 3, width])
            lab.backend.dropout(alone, into: alone, probability: 0.3, key: sampleKey, rowsPerSample: 3)
            #expect(lab.floats(alone) == Array(lab.floats(together)[sample * 3 * width..<(sample + 1) * 3 * width]))
        }
    }

    @Test func `a constant fills the tensor`() {
        let x = lab.garbage([19])
        lab.backend.fill(x, .constant(2.5), key: key)
        #expect(lab.floats(x) == [Float](repeating: 2.5, count: 19))
    }
}
