internal import COpenBLAS
package import Systems

extension OpenBLASCore {
    /// The library's own words about itself: `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH … MAX_THREADS=64`.
    public static var library: String { String(cString: ob_config()) }

    /// Loads the library; whatever needs it later ends the process where this throws.
    package static func load() throws(LoadFailure) {
        let code = ob_load()
        guard code != 0 else { return }
        throw LoadFailure(
            exitCode: ExitCode(rawValue: code) ?? .bug, description: String(cString: ob_load_failure()))
    }

    /// Why the library cannot be used: it is not installed, or the system lacks memory for it.
    package struct LoadFailure: ExitCoded, CustomStringConvertible {
        package var exitCode: ExitCode
        package var description: String
    }
}
