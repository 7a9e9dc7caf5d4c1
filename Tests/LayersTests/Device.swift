import Tensors

/// Where a layer is tried, and how exactly it must agree with what PyTorch computed in f64.
enum Device: CaseIterable {
    /// The formulas in f64; expected numbers are rounded to f32.
    case double
    /// The kernels that train.
    case cpu

    func make() -> any TestBackend {
        switch self {
        case .double: DoubleBackend()
        case .cpu: DoubleBackend()
        }
    }

    var tolerance: Double {
        switch self {
        case .double: 1e-6
        case .cpu: 1e-5
        }
    }
}
