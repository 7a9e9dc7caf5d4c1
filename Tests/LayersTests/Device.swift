import CPUDevices
import Tensors

/// Where a layer is tried, and how exactly it must agree with what PyTorch computed in f64.
enum Device: CaseIterable {
    /// The formulas in f64; expected numbers are rounded to f32.
    case double
    /// The kernels that train.
    case cpu

    /// One for the process, as everywhere.
    private static let processor = CPUBackend(device: "cpu:0", threads: 1)

    func make() -> any TestBackend {
        switch self {
        case .double: DoubleBackend()
        case .cpu: Device.processor
        }
    }

    var tolerance: Double {
        switch self {
        case .double: 1e-6
        case .cpu: 1e-5
        }
    }
}

extension CPUBackend: TestBackend {
    func read(_ x: Tensor) -> [Double] {
        switch x.dtype {
        case .f32: numbers(x, Float.self).map(Double.init)
        case .bf16: numbers(x, UInt16.self).map { Double(Float(bitPattern: UInt32($0) << 16)) }
        case .f16: numbers(x, Float16.self).map(Double.init)
        case .i32: numbers(x, Int32.self).map(Double.init)
        case .i64: numbers(x, Int64.self).map(Double.init)
        }
    }

    private func numbers<T>(_ x: Tensor, _ type: T.Type) -> [T] {
        Array(unsafeUninitializedCapacity: x.count) { buffer, count in
            download(x, to: UnsafeMutableRawBufferPointer(buffer))
            count = x.count
        }
    }

    func write(_ values: [Double], to x: Tensor) {
        precondition(values.count == x.count)
        switch x.dtype {
        case .f32: values.map { Float($0) }.withUnsafeBytes { upload($0, to: x) }
        case .bf16: values.map(brainFloat).withUnsafeBytes { upload($0, to: x) }
        case .f16: values.map { Float16($0) }.withUnsafeBytes { upload($0, to: x) }
        case .i32: values.map { Int32($0) }.withUnsafeBytes { upload($0, to: x) }
        case .i64: values.map { Int64($0) }.withUnsafeBytes { upload($0, to: x) }
        }
    }

    /// Half away from zero: tests need no better.
    private func brainFloat(_ value: Double) -> UInt16 {
        let bits = Float(value).bitPattern
        return UInt16((value.isNaN ? bits | 1 << 22 : bits + 0x8000) >> 16)
    }
}
