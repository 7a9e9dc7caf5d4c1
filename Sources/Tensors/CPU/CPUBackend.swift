internal import COpenBLAS
internal import Synchronization

/// The backend of `cpu:…` devices: matrix products by oneDNN and OpenBLAS, everything else by the vectorised kernels of
/// `CKernels`.
///
/// Stores activations in f32, bf16 or f16 and computes in f32. OpenBLAS's number of threads belongs to the whole process:
/// a process makes one CPU backend.
public final class CPUBackend: Backend {
    public let device: String
    /// Compute threads; results may depend on it.
    public let threads: Int
    public let computes = true

    let products: Products
    let rules: ProductRules
    /// For products that run in f32 instead.
    let blocks = Mutex(WidenedProduct.Blocks())

    public init(device: String, threads: Int) {
        precondition(threads > 0, "\(device): \(threads) compute threads")
        self.device = device
        self.threads = threads
        products = Products(threads: threads)
        rules = ProductRules(threads: threads)
        openblas_set_num_threads(Int32(clamping: threads))
    }

    func multipliesNatively(_ dtype: DType) -> Bool { rules.nativeTypes.contains(dtype) }

    public func spend(_ work: Work) {}
    public func synchronise() {}
}
