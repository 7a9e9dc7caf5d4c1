import COpenBLAS

/// Which of its kernels OpenBLAS uses.
///
/// OpenBLAS recognises processors by model number, and falls back to old kernels on those newer than itself (Debian 12's
/// 0.3.21 takes Haswell's on Zen 5: half the speed). `OPENBLAS_CORETYPE` overrides it, but only in the environment that a
/// process starts with.
public enum OpenBLASCore {
    /// What a process's environment must hold, from its start, to choose the kernels.
    public static let environmentVariable = "OPENBLAS_CORETYPE"

    /// The core whose kernels this process's OpenBLAS uses, as OpenBLAS spells it.
    public static var current: String { String(cString: ob_core_name()) }

    /// The core to ask for instead of `detected`; nil where that is as good as it gets.
    public static func recommended(for features: CPUFeatures, detected: String) -> String? {
        if features.features.isSuperset(of: [.avx512F, .avx512DQ, .avx512BW, .avx512VL, .avx512CD]) {
            return wide.contains(detected.lowercased()) ? nil : "SkylakeX"
        }
        if features.features.isSuperset(of: [.avx2, .fma]) {
            return narrow.contains(detected.lowercased()) ? "Haswell" : nil
        }
        return nil
    }

    /// Cores with kernels for AVX-512.
    private static let wide: Set<String> = ["skylakex", "cooperlake", "sapphirerapids"]
    /// Cores without kernels for AVX2.
    private static let narrow: Set<String> = [
        "prescott", "core2", "penryn", "dunnington", "nehalem", "sandybridge", "atom", "nano", "generic", "opteron",
        "opteron_sse3", "barcelona", "bobcat", "bulldozer", "piledriver", "steamroller", "katmai", "coppermine",
        "northwood", "banias", "athlon",
    ]
}
