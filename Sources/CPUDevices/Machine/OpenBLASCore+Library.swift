import COpenBLAS

extension OpenBLASCore {
    /// The library's description of its build: `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH … MAX_THREADS=64`.
    public static var library: String { String(cString: ob_config()) }
}
