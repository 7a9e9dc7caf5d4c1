import CPUDevices
import Tensors
import Testing

/// A CPU backend, and tensors from numbers; `offset` moves every tensor that many elements off its alignment.
struct Lab {
    let backend: CPUBackend
    var offset = 0

    /// Products of large matrices have one thread: OpenBLAS's number of threads is the whole process's.
    init(threads: Int = 1, offset: Int = 0, products: ProductTable = ProductTable()) {
        backend = CPUBackend(device: "cpu:0", threads: threads, productThreads: 1, products: products)
        self.offset = offset
    }

    func empty(_ shape: Shape, _ dtype: DType = .f32) -> Tensor {
        let spec = TensorSpec(shape, dtype)
        guard let memory = try? backend.allocate(byteCount: spec.byteCount + offset * dtype.size) else {
            preconditionFailure("no memory for \(spec)")
        }
        return Tensor(memory, offset: offset * dtype.size, spec: spec)
    }

    func tensor(_ values: [Double], _ shape: Shape? = nil, _ dtype: DType = .f32) -> Tensor {
        switch dtype {
        case .bf16: filled(values.map { BrainFloat(Float($0)).bits }, .bf16, shape)
        case .f16: filled(values.map { Float16(Float($0)) }, .f16, shape)
        default: filled(values.map(Float.init), .f32, shape)
        }
    }
    func ids(_ values: [Int], _ shape: Shape? = nil) -> Tensor { filled(values.map(Int32.init), .i32, shape) }
    func normaliser(_ value: Int) -> Tensor { filled([Int64(value)], .i64, nil) }

    private func filled<Element>(_ values: [Element], _ dtype: DType, _ shape: Shape?) -> Tensor {
        let tensor = empty(shape ?? [values.count], dtype)
        values.withUnsafeBytes { backend.upload($0, to: tensor) }
        return tensor
    }

    /// Memory that no test may rely on: every bit set, which is NaN.
    func garbage(_ shape: Shape, _ dtype: DType = .f32) -> Tensor {
        tensor([Double](repeating: .nan, count: shape.count), shape, dtype)
    }

    /// The bytes as the host sees them in place.
    func bytes(_ tensor: Tensor) -> [UInt8] { backend.hostView(tensor).map { [UInt8]($0) } ?? [] }

    /// The elements, whatever floating-point type they have.
    func floats(_ tensor: Tensor) -> [Float] {
        switch tensor.dtype {
        case .bf16: elements(tensor, UInt16.self).map { BrainFloat(bits: $0).value }
        case .f16: elements(tensor, Float16.self).map(Float.init)
        default: elements(tensor, Float.self)
        }
    }

    func elements<Element>(_ tensor: Tensor, _ type: Element.Type) -> [Element] {
        [Element](unsafeUninitializedCapacity: tensor.count) { buffer, count in
            backend.download(tensor, to: UnsafeMutableRawBufferPointer(buffer))
            count = tensor.count
        }
    }
}

/// bf16, the upper half of an f32.
struct BrainFloat {
    var bits: UInt16

    init(bits: UInt16) { self.bits = bits }

    /// The nearest; of two equally near ones the even one.
    init(_ value: Float) {
        let below = BrainFloat(bits: UInt16(value.bitPattern >> 16))
        guard value.isFinite else {
            self = value.isNaN ? BrainFloat(bits: below.bits | 0x40) : below
            return
        }
        let above = BrainFloat(bits: below.bits + 1)
        // What lies past the greatest number counts as that number plus its spacing.
        let top = above.value.isFinite ? Double(above.value) : Double(below.value) * (1 + 1.0 / 255)
        let (down, up) = (abs(Double(value) - Double(below.value)), abs(top - Double(value)))
        self = down < up || (down == up && below.bits % 2 == 0) ? below : above
    }

    var value: Float { Float(bitPattern: UInt32(bits) << 16) }
}

extension DType {
    /// Half the distance from 1 to the next number: what rounding once may add, relatively.
    var roundingError: Double {
        switch self {
        case .bf16: 0x1p-8
        case .f16: 0x1p-11
        default: 0x1p-24
        }
    }

    static let short: [DType] = [.bf16, .f16]
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
