import CKernels

/// What this machine's processor and operating system offer the kernels.
public struct CPUFeatures: Hashable, Sendable {
    /// Instruction sets beyond the baseline, by the names of Intel's manuals.
    public enum Feature: String, Sendable, Hashable, CaseIterable {
        /// 256-bit integers.
        case avx2 = "AVX2"
        /// Fused multiply-add of 128 and 256 bits.
        case fma = "FMA"
        /// The foundation: 512-bit vectors and masks.
        case avx512F = "AVX512F"
        /// Instructions on 32-bit and 64-bit elements.
        case avx512DQ = "AVX512DQ"
        /// Instructions on 8-bit and 16-bit elements.
        case avx512BW = "AVX512BW"
        /// AVX-512's instructions on 128-bit and 256-bit vectors.
        case avx512VL = "AVX512VL"
        /// Conflict detection.
        case avx512CD = "AVX512CD"
        /// Dot products of bf16 pairs, summed in f32.
        case avx512BF16 = "AVX512-BF16"
        /// Dot products of 8-bit and 16-bit integers, summed in 32 bits.
        case avx512VNNI = "AVX512-VNNI"
    }

    /// The processor's own name; empty where it does not say.
    public var name: String
    /// What both the processor and the operating system support.
    public var features: Set<Feature>

    /// A described processor; `current` is this machine's.
    public init(name: String, features: Set<Feature>) {
        self.name = name
        self.features = features
    }

    /// Of the machine this runs on.
    public static var current: CPUFeatures {
        let bits = ck_cpu_features()
        return CPUFeatures(
            name: processorName, features: Set(Feature.allCases.filter { bits & $0.bit != 0 }))
    }

    private static var processorName: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 49) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            ck_cpu_name(start)
            let words = String(cString: start).split(separator: " ")
            return words.joined(separator: " ")
        }
    }
}

extension CPUFeatures.Feature {
    fileprivate var bit: UInt32 {
        let feature: ck_feature =
            switch self {
            case .avx2: CK_AVX2
            case .fma: CK_FMA
            case .avx512F: CK_AVX512F
            case .avx512DQ: CK_AVX512DQ
            case .avx512BW: CK_AVX512BW
            case .avx512VL: CK_AVX512VL
            case .avx512CD: CK_AVX512CD
            case .avx512BF16: CK_AVX512BF16
            case .avx512VNNI: CK_AVX512VNNI
            }
        return feature.rawValue
    }
}
