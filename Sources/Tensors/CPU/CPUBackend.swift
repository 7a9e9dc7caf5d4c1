internal import COpenBLAS

/// The backend of `cpu:…` devices: GEMM by OpenBLAS, everything else by the vectorised kernels of `CKernels`.
///
/// Computes in f32; memory operations take every dtype. It holds no state of its own, but OpenBLAS's number of threads
/// belongs to the whole process: a process makes one CPU backend.
public final class CPUBackend: Backend {
    public let device: String
    /// Compute threads; results may depend on it.
    public let threads: Int
    public let computes = true

    public init(device: String, threads: Int) {
        precondition(threads > 0, "\(device): \(threads) compute threads")
        self.device = device
        self.threads = threads
        openblas_set_num_threads(Int32(clamping: threads))
    }

    public func spend(_ work: Work) {}
    public func synchronise() {}
}
