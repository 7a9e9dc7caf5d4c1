import Foundation
import Tensors

/// The naive twin: every operation as its formula, in f64, whatever the tensors' types say.
///
/// Each element has a slot of twice its declared size, so offsets and slices keep their meaning.
final class DoubleBackend: TestBackend {
    var device: String { "double" }
    var computes: Bool { true }

    func allocate(byteCount: Int) -> DeviceMemory {
        let address = UnsafeMutableRawPointer.allocate(byteCount: 2 * byteCount, alignment: 64)
        return DeviceMemory(address: address, byteCount: byteCount) { $0.deallocate() }
    }

    func hostView(_ tensor: Tensor) -> UnsafeMutableRawBufferPointer? { nil }

    /// The slots of a tensor whose elements are declared with four bytes.
    func slots(_ x: Tensor) -> UnsafeMutableBufferPointer<Double> {
        precondition(x.dtype.size == 4)
        let start = (x.memory.address + 2 * x.offset).assumingMemoryBound(to: Double.self)
        return UnsafeMutableBufferPointer(start: start, count: x.count)
    }

    /// A loss's normaliser, i64[1].
    private func single(_ x: Tensor) -> UnsafeMutablePointer<Double> {
        (x.memory.address + 2 * x.offset).assumingMemoryBound(to: Double.self)
    }

    func read(_ x: Tensor) -> [Double] { x.dtype == .i64 ? [single(x).pointee] : Array(slots(x)) }

    func write(_ values: [Double], to x: Tensor) {
        precondition(values.count == x.count)
        if x.dtype == .i64 { single(x).pointee = values[0] } else { _ = slots(x).update(fromContentsOf: values) }
    }

    func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) {
        if tensor.dtype == .f32 {
            write(bytes.bindMemory(to: Float.self).map(Double.init), to: tensor)
        } else {
            write(bytes.bindMemory(to: Int32.self).map(Double.init), to: tensor)
        }
    }

    func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) {
        _ = bytes.bindMemory(to: Float.self).update(fromContentsOf: read(tensor).map(Float.init))
    }

    func zero(_ x: Tensor) { write(Array(repeating: 0, count: x.count), to: x) }
    func copy(_ x: Tensor, to y: Tensor) { write(read(x), to: y) }

    func insertColumns(_ x: Tensor, into y: Tensor, at start: Int) {
        let (from, to) = (slots(x), slots(y))
        for row in 0..<x.shape.rows {
            for column in 0..<x.shape.width {
                to[row * y.shape.width + start + column] = from[row * x.shape.width + column]
            }
        }
    }

    func gatherRows(_ x: Tensor, _ rows: Tensor, into y: Tensor) { preconditionFailure("no layer gathers rows") }
    func scatterRows(_ x: Tensor, _ rows: Tensor, into y: Tensor) { preconditionFailure("no layer scatters rows") }

    func extractColumns(_ x: Tensor, from start: Int, into y: Tensor) {
        let (from, to) = (slots(x), slots(y))
        for row in 0..<y.shape.rows {
            for column in 0..<y.shape.width {
                to[row * y.shape.width + column] = from[row * x.shape.width + start + column]
            }
        }
    }

    func cast(_ x: Tensor, into y: Tensor) { write(read(x), to: y) }
    func add(_ a: Tensor, _ b: Tensor, into y: Tensor) { write(zip(read(a), read(b)).map { $0 + $1 }, to: y) }

    func fill(_ x: Tensor, _ distribution: Distribution, key: RandomKey) {
        var numbers = Numbers(key.seed ^ UInt64(key.layer) << 32)
        switch distribution {
        case .constant(let value): write(Array(repeating: Double(value), count: x.count), to: x)
        case .uniform(let low, let high):
            write(numbers.list(x.count).map { Double(low) + Double(high - low) * ($0 + 1) / 2 }, to: x)
        case .normal(let mean, let deviation):
            write(numbers.list(x.count).map { Double(mean) + Double(deviation) * $0 * 3.0.squareRoot() }, to: x)
        }
    }

    // MARK: Linear algebra

    func matmul(_ a: Tensor, _ b: Tensor, into c: Tensor, _ shape: MatMul, epilogue: Epilogue) {
        let (m, n, k) = (shape.m, shape.n, shape.k)
        precondition(a.count == m * k && b.count == k * n && c.count == m * n, "sizes of \(shape)")
        let (a, b, out) = (slots(a), slots(b), slots(c))
        for i in 0..<m {
            for j in 0..<n {
                var sum = shape.accumulate ? out[i * n + j] : 0
                for l in 0..<k {
                    let left = shape.transposeA ? a[l * m + i] : a[i * k + l]
                    sum += left * (shape.transposeB ? b[j * k + l] : b[l * n + j])
                }
                out[i * n + j] = sum
            }
        }
        finish(c, epilogue, width: n)
    }

    private func finish(_ c: Tensor, _ epilogue: Epilogue, width: Int) {
        func add(_ bias: Tensor?) {
            guard let bias else { return }
            let (out, values) = (slots(c), slots(bias))
            for i in out.indices { out[i] += values[i % width] }
        }
        switch epilogue {
        case .none: break
        case .bias(let bias): add(bias)
        case .residual(let residual, let bias):
            add(bias)
            self.add(c, residual, into: c)
        case .activation(let kind, let bias, let output):
            add(bias)
            activation(kind, c, into: output)
        }
    }

    func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
        if !accumulate { zero(out) }
        let (x, out) = (slots(x), slots(out))
        for i in x.indices { out[i % out.count] += x[i] }
    }

    // MARK: Reductions and the rest

    func sum(_ x: Tensor) -> Double { read(x).reduce(0, +) }
    func sumOfSquares(_ x: Tensor) -> Double { read(x).reduce(0) { $0 + $1 * $1 } }
    func adamW(_ p: Tensor, gradient: Tensor, m: Tensor, v: Tensor, working: Tensor?, _ step: AdamStep) {
        noOptimizer()
    }
    func sgd(_ p: Tensor, gradient: Tensor, momentum: Tensor?, working: Tensor?, _ step: SGDStep) { noOptimizer() }
    private func noOptimizer() { preconditionFailure("a layer has no business with an optimizer") }
    func simulate(_ work: Work) {}
    func synchronise() {}
}
