internal import COneDNN

/// Which versions of the libraries compute.
public enum CPULibraries {
    /// oneDNN's: `2.6.3`.
    public static var oneDNN: String {
        guard let version = dnnl_version()?.pointee else { return "without a version" }
        return "\(version.major).\(version.minor).\(version.patch)"
    }
}
