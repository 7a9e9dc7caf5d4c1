import Tensors
import Testing

/// A CPU backend, and tensors from numbers; `offset` moves every tensor that many elements off its alignment.
struct Lab {
    let backend = CPUBackend(device: "cpu:0", threads: 1)
    var offset = 0

    func empty(_ shape: Shape, _ dtype: DType = .f32) -> Tensor {
        let spec = TensorSpec(shape, dtype)
        let memory = backend.allocate(byteCount: spec.byteCount + offset * dtype.size)
        return Tensor(memory, offset: offset * dtype.size, spec: spec)
    }

    func tensor(_ values: [Double], _ shape: Shape? = nil) -> Tensor { filled(values.map(Float.init), .f32, shape) }
    func ids(_ values: [Int], _ shape: Shape? = nil) -> Tensor { filled(values.map(Int32.init), .i32, shape) }
    func normaliser(_ value: Int) -> Tensor { filled([Int64(value)], .i64, nil) }

    private func filled<Element>(_ values: [Element], _ dtype: DType, _ shape: Shape?) -> Tensor {
        let tensor = empty(shape ?? [values.count], dtype)
        values.withUnsafeBytes { backend.upload($0, to: tensor) }
        return tensor
    }

    /// Memory that no test may rely on: every bit set, which is NaN.
    func garbage(_ shape: Shape) -> Tensor { tensor([Double](repeating: .nan, count: shape.count), shape) }

    /// The bytes as the host sees them in place.
    func bytes(_ tensor: Tensor) -> [UInt8] { backend.hostView(tensor).map { [UInt8]($0) } ?? [] }

    func floats(_ tensor: Tensor) -> [Float] {
        [Float](unsafeUninitializedCapacity: tensor.count) { buffer, count in
            backend.download(tensor, to: UnsafeMutableRawBufferPointer(buffer))
            count = tensor.count
        }
    }
}

/// Numbers in −1 ..< 1 that f32 holds exactly.
func numbers(_ count: Int, seed: UInt64, scale: Double = 1) -> [Double] {
    (0..<count).map { index in
        let words = Philox.block(UInt32(index), of: RandomKey(seed: seed, layer: 0))
        return (Double(words[0] >> 9) / Double(1 << 22) - 1) * scale
    }
}

/// Every number within `tolerance` of what it should be, relative to the largest of them and to itself.
func expectClose(
    _ actual: [Float], _ expected: [Double], tolerance: Double = 2e-6, _ what: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(actual.count == expected.count, sourceLocation: sourceLocation)
    let scale = expected.map(abs).max() ?? 0
    for (index, (a, e)) in zip(actual, expected).enumerated()
    where !(abs(Double(a) - e) <= tolerance * (scale + abs(e))) {
        Issue.record("\(what)[\(index)]: \(a), expected \(e)", sourceLocation: sourceLocation)
        return
    }
}

/// ∂f/∂x[index], from f alone.
func slope(_ f: ([Double]) -> Double, at x: [Double], _ index: Int) -> Double {
    let step = 1e-4
    var (above, below) = (x, x)
    above[index] += step
    below[index] -= step
    return (f(above) - f(below)) / (2 * step)
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// The sizes around a vector, several vectors, and a block.
let oddSizes = [1, 7, 15, 16, 17, 63, 64, 65, 130]
