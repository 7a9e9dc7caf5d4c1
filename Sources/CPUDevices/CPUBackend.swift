import COpenBLAS
import Synchronization
public import Tensors

/// The backend of `cpu:…` devices: matrix products by oneDNN and OpenBLAS, everything else by the vectorised kernels of
/// `CKernels`.
///
/// Stores activations in f32, bf16 or f16 and computes in f32. OpenBLAS's number of threads belongs to the whole process:
/// a process makes one CPU backend.
///
///     let backend = CPUBackend(device: "cpu:0-3", threads: 4)
///     backend.pinThreads(to: [0, 1, 2, 3])
public final class CPUBackend: Backend {
    /// `cpu:0-3`, as the user wrote it.
    public let device: String
    /// True: losses mean something.
    public let computes = true

    /// Results may depend on their number.
    let threads: ComputeThreads
    let products: Products
    let rules: ProductRules
    /// For products that run in f32 instead.
    let blocks = Mutex(WidenedProduct.Blocks())

    /// - Parameters:
    ///   - device: what reports and errors call it.
    ///   - threads: how many compute, the calling one included; at least 1.
    ///   - table: who computes which matrix products; others follow the rules for this kind of processor.
    public convenience init(device: String, threads: Int, products table: ProductTable = ProductTable()) {
        self.init(device: device, threads: threads, productThreads: threads, products: table)
    }

    /// OpenBLAS's and oneDNN's products may have another number of threads than all else.
    package init(device: String, threads: Int, productThreads: Int, products table: ProductTable = ProductTable()) {
        precondition(threads > 0, "\(device): \(threads) compute threads")
        self.device = device
        self.threads = ComputeThreads(count: threads)
        rules = ProductRules(threads: productThreads, table: table)
        products = Products(productThreads: productThreads, self.threads)
        ob_set_threads(Int32(clamping: productThreads))
    }

    /// Gives each compute thread a core of its own; the calling thread, which is to compute, stays on the first.
    public func pinThreads(to cores: [Int]) {
        // OpenBLAS's inherit the cores of the thread that starts them: all of the device's, not the first alone.
        ob_start_threads()
        threads.pin(to: cores)
    }

    /// Those that can compute a matrix product here, apart from how fast, but for the one that does.
    package func otherLibraries(for key: ProductTable.Key, hasBias: Bool) -> [ProductTable.Library] {
        let own = rules.library(key, hasBias: hasBias)
        return rules.libraries(key.dtype).filter { $0 != own }
    }

    func multipliesNatively(_ dtype: DType) -> Bool { rules.nativeTypes.contains(dtype) }

    /// Returns at once: the work itself takes its time.
    public func simulate(_ work: Work) {}
    /// Returns at once: calls return when their work is done.
    public func synchronise() {}
}
