import CKernels
public import Tensors

/// The processor cores that this process may run on.
public enum Cores {
    /// Cores the calling thread may use, ascending.
    public static var allowed: [Int] {
        let count = ck_allowed_cores(nil, 0)
        return [Int32](unsafeUninitializedCapacity: count) { buffer, written in
            written = min(ck_allowed_cores(buffer.baseAddress, count), count)
        }.map(Int.init)
    }

    /// Keeps every thread of this process on these cores: those that run and those that they start from now on.
    /// - Throws: `TensorError` if one of them does not exist or is not allowed.
    public static func pin(to cores: [Int]) throws(TensorError) {
        let allowed = allowed
        guard !cores.isEmpty, cores.allSatisfy(allowed.contains) else {
            throw TensorError("pinning to cores", expected: "some of \(allowed)", got: "\(cores)")
        }
        let status = ck_pin_to_cores(cores.map { Int32($0) }, cores.count)
        guard status == 0 else { throw TensorError("pinning to cores", expected: "success", got: "errno \(status)") }
    }
}
