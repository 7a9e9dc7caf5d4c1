import CKernels
import CPUDevices
import Glibc
import Tensors
import Testing

/// What happens to q and k before they meet: rotation by positions, and norms of heads.
@Suite struct HeadTests {
    var lab = Lab()
    static let shapes = [
        AttentionShape(batch: 2, sequence: 5, heads: 3, keyHeads: 1, headWidth: 6, causal: true),
        AttentionShape(batch: 1, sequence: 130, heads: 2, headWidth: 34, causal: true),
        AttentionShape(batch: 3, sequence: 3, heads: 4, keyHeads: 2, headWidth: 80, causal: true),
    ]
    private static let rotations = shapes.flatMap { shape in
        [
            Rotation(frequencies: frequencies(shape.headWidth / 2)),
            Rotation(frequencies: frequencies(shape.headWidth / 2), pairs: .neighbours),
            Rotation(frequencies: frequencies(1), amplitude: 1.25),
            Rotation(frequencies: frequencies(shape.headWidth / 4), pairs: .neighbours, planes: 2),
            Rotation(frequencies: frequencies(shape.headWidth / 4), amplitude: 0.5, planes: 2),
        ].map { (shape, $0) }
    }

    private static func frequencies(_ count: Int) -> [Float] { (0..<count).map { 1 / Float(1 + $0 * $0) } }

    /// Prefix length, then first and second positions of each token: large ones too.
    private func places(_ shape: AttentionShape) -> [Int] {
        var places: [Int] = []
        for b in 0..<shape.batch {
            places.append(7)
            for i in 0..<2 * shape.sequence {
                let limit = i % 3 == 0 ? 1_000_000 : 100
                places.append((i * 7919 + b * 131) % limit)
            }
        }
        return places
    }

    private func rotated(
        _ x: [Double], _ shape: AttentionShape, _ rotation: Rotation, start: Int, places: [Int]?
    ) -> [Double] {
        var y = x
        let pairs = rotation.frequencies.count
        for token in 0..<shape.batch * shape.sequence {
            let (b, t) = token.quotientAndRemainder(dividingBy: shape.sequence)
            for head in 0..<shape.heads + shape.keyHeads {
                for plane in 0..<rotation.planes {
                    let place = places?[b * (1 + 2 * shape.sequence) + 1 + plane * shape.sequence + t] ?? start + t
                    for pair in 0..<pairs {
                        let first = token * shape.qkvWidth + head * shape.headWidth + plane * 2 * pairs
                        let i = first + (rotation.pairs == .halves ? pair : 2 * pair)
                        let j = rotation.pairs == .halves ? i + pairs : i + 1
                        let angle = Double(Float(place) * rotation.frequencies[pair])
                        let (c, s) = (cos(angle), sin(angle))
                        y[i] = (x[i] * c - x[j] * s) * Double(rotation.amplitude)
                        y[j] = (x[j] * c + x[i] * s) * Double(rotation.amplitude)
                    }
                }
            }
        }
        return y
    }

    @Test(arguments: rotations) func `pairs turn by position times frequency`(
        shape: AttentionShape, rotation: Rotation
    ) {
        let x = numbers(shape.batch * shape.sequence * shape.qkvWidth, seed: 1)
        for (start, places) in [(0, places(shape)), (0, nil), (3000, nil)] where places != nil || rotation.planes == 1 {
            let y = lab.tensor(x)
            let positions = places.map { lab.ids($0, [shape.batch, 1 + 2 * shape.sequence]) }
            lab.backend.rotate(y, rotation, positions: positions, start: start, backward: false, shape)
            expectClose(lab.floats(y), rotated(x, shape, rotation, start: start, places: places), tolerance: 2e-7)
            // The gradient's way is the transposed one: turned back, but for the amplitude.
            lab.backend.rotate(y, rotation, positions: positions, start: start, backward: true, shape)
            var still = rotation
            still.frequencies = rotation.frequencies.map { _ in 0 }
            still.amplitude *= rotation.amplitude
            expectClose(lab.floats(y), rotated(x, shape, still, start: 0, places: places), tolerance: 3e-7)
        }
    }

    @Test(arguments: rotations, DType.short) func `short types are turned in f32 and rounded once`(
        _ example: (shape: AttentionShape, rotation: Rotation), dtype: DType
    ) {
        let (shape, rotation) = example
        let x = lab.tensor(numbers(shape.batch * shape.sequence * shape.qkvWidth, seed: 1), nil, dtype)
        let before = lab.floats(x).map(Double.init)
        let positions = lab.ids(places(shape), [shape.batch, 1 + 2 * shape.sequence])
        lab.backend.rotate(x, rotation, positions: positions, start: 0, backward: false, shape)
        let expected = rotated(before, shape, rotation, start: 0, places: places(shape))
        for (got, expected) in zip(lab.floats(x), expected) {
            #expect(abs(Double(got) - expected) <= dtype.roundingError * abs(expected) + 1e-6)
        }
    }

    @Test func `cos and sin are the nearest f32 numbers`() {
        var angles = (0..<1000).map { Float($0 * $0 * $0) * 0.0101 } + [0, -3, 1e-30, .pi, .pi / 2, 9_999_999]
        angles += angles.map { -$0 }
        var cosines = [Float](repeating: .nan, count: angles.count)
        var sines = cosines
        ck_cos_sin(angles, &cosines, &sines, angles.count)
        #expect(cosines == angles.map { Float(cos(Double($0))) })
        #expect(sines == angles.map { Float(sin(Double($0))) })
    }

    // MARK: Norms

    private struct Norm {
        let shape: AttentionShape
        let offset: Double
        let epsilon = 0.01

        /// `weights`: of q, then of k.
        func forward(_ x: [Double], _ weights: [Double]) -> [Double] {
            var y = x
            for token in 0..<shape.batch * shape.sequence {
                for head in 0..<shape.heads + shape.keyHeads {
                    let first = token * shape.qkvWidth + head * shape.headWidth
                    let weight = head < shape.heads ? 0 : shape.headWidth
                    let square = (0..<shape.headWidth).reduce(0) { $0 + x[first + $1] * x[first + $1] }
                    let inverse = 1 / (square / Double(shape.headWidth) + epsilon).squareRoot()
                    for i in 0..<shape.headWidth { y[first + i] *= inverse * (weights[weight + i] + offset) }
                }
            }
            return y
        }
    }

    private struct Normed {
        let (x, y, statistics, query, key): (Tensor, Tensor, Tensor, Tensor, Tensor)
    }

    private func normed(_ norm: Norm, _ x: [Double], _ weights: [Double], _ dtype: DType = .f32) -> Normed {
        let shape = norm.shape
        let result = Normed(
            x: lab.tensor(x, nil, dtype), y: lab.garbage([x.count], dtype),
            statistics: lab.garbage([shape.batch * shape.sequence, shape.heads + shape.keyHeads]),
            query: lab.tensor(Array(weights[..<shape.headWidth])), key: lab.tensor(Array(weights[shape.headWidth...])))
        lab.backend.headNorm(
            result.x, queryWeight: result.query, keyWeight: result.key, offset: Float(norm.offset),
            epsilon: Float(norm.epsilon), into: result.y, statistics: result.statistics, shape)
        return result
    }

    @Test(arguments: shapes, [0, 1.0]) func `each head of q and k is normed, and v stays`(
        shape: AttentionShape, offset: Double
    ) {
        let norm = Norm(shape: shape, offset: offset)
        let x = numbers(shape.batch * shape.sequence * shape.qkvWidth, seed: 1)
        let weights = numbers(2 * shape.headWidth, seed: 2)
        expectClose(lab.floats(normed(norm, x, weights).y), norm.forward(x, weights), tolerance: 4e-7)
        for dtype in DType.short {
            let result = normed(norm, x, weights, dtype)
            let rounded = lab.floats(result.x).map(Double.init)
            expectClose(
                lab.floats(result.y), norm.forward(rounded, weights), tolerance: dtype.roundingError + 1e-6)
        }
    }

    @Test(arguments: shapes, [0, 1.0]) func `the norms' gradients are slopes`(shape: AttentionShape, offset: Double) {
        let norm = Norm(shape: shape, offset: offset)
        let x = numbers(shape.batch * shape.sequence * shape.qkvWidth, seed: 1)
        let (weights, dy) = (numbers(2 * shape.headWidth, seed: 2), numbers(x.count, seed: 3))
        let result = normed(norm, x, weights)
        let (dx, old) = (lab.tensor(dy), numbers(2 * shape.headWidth, seed: 4))
        let (dquery, dkey) = (
            lab.tensor(Array(old[..<shape.headWidth])), lab.tensor(Array(old[shape.headWidth...]))
        )
        lab.backend.headNormBackward(
            dx, qkv: result.x, queryWeight: result.query, keyWeight: result.key, offset: Float(offset),
            statistics: result.statistics, dqueryWeight: dquery, dkeyWeight: dkey, shape)
        let actual = lab.floats(dx)
        for index in stride(from: 0, to: x.count, by: max(1, x.count / 60 | 1)) {
            let expected = slope({ dot(norm.forward($0, weights), dy) }, at: x, index)
            #expect(abs(Double(actual[index]) - expected) < 1e-5, "\(index)")
        }
        let gradients = lab.floats(dquery) + lab.floats(dkey)
        for index in weights.indices {
            let expected = old[index] + slope({ dot(norm.forward(x, $0), dy) }, at: weights, index)
            #expect(abs(Double(gradients[index]) - expected) < 1e-4, "\(index)")
        }
    }

    /// Each thread has positions and columns of its own, and sums run over all rows.
    @Test(arguments: shapes) func `threads change no bit`(shape: AttentionShape) {
        let x = numbers(shape.batch * shape.sequence * shape.qkvWidth, seed: 1)
        let weights = numbers(2 * shape.headWidth, seed: 2)
        let results = [1, 3].map { threads in
            var tests = HeadTests()
            tests.lab = Lab(threads: threads)
            let result = tests.normed(Norm(shape: shape, offset: 1), x, weights)
            let lab = tests.lab
            let (dquery, dkey) = (
                lab.tensor(weights, [2, shape.headWidth]), lab.tensor(weights, [2, shape.headWidth])
            )
            lab.backend.rotate(
                result.y, Rotation(frequencies: [1, 0.1]), positions: nil, start: 5, backward: false, shape)
            lab.backend.headNormBackward(
                result.y, qkv: result.x, queryWeight: result.query, keyWeight: result.key, offset: 1,
                statistics: result.statistics, dqueryWeight: dquery.slice(start: 0, [shape.headWidth]),
                dkeyWeight: dkey.slice(start: 0, [shape.headWidth]), shape)
            return lab.bytes(result.y) + lab.bytes(dquery) + lab.bytes(dkey)
        }
        #expect(results[0] == results[1])
    }
}
