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

    /// Who is kept on cores.
    public enum Scope: Sendable {
        /// Every thread of this process.
        case process
        /// The calling thread.
        case thread
    }

    /// Keeps threads on these cores: those that run and those that they start from now on.
    /// - Throws: `TensorError` if one of them does not exist or is not allowed.
    public static func pin(_ scope: Scope = .process, to cores: [Int]) throws(TensorError) {
        let allowed = allowed
        guard !cores.isEmpty, cores.allSatisfy(allowed.contains) else {
            throw TensorError("pinning to cores", expected: "some of \(allowed)", got: "\(cores)")
        }
        let wanted = cores.map { Int32($0) }
        let status =
            switch scope {
            case .process: ck_pin_to_cores(wanted, wanted.count)
            case .thread: ck_pin_thread_to_cores(wanted, wanted.count)
            }
        guard status == 0 else { throw TensorError("pinning to cores", expected: "success", got: "errno \(status)") }
    }
}
