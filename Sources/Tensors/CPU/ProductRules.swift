internal import CKernels
internal import COneDNN

/// Which library computes which product: what was fastest where it was measured, and the same on every machine of a kind,
/// so that results do not depend on how busy it is.
///
/// GFLOP/s of one core while the others are busy, 512 rows, the matrices 512 ↔ 512, 1536, 2048 and 8192:
///
///     Zen 5 (AVX512-BF16)          OpenBLAS   oneDNN matmul   oneDNN sgemm
///     y = x · Wᵀ       f32          239–260      252–273            –
///     dW += dyᵀ · x    f32          243–265      222–266            –
///     any              bf16               –      397–549            –
///
///     Emerald Rapids (no AMX)      OpenBLAS   oneDNN matmul   oneDNN sgemm
///     y = x · Wᵀ       f32          154–158      144–163         146–163
///     dx = dy · W      f32          147–161      147–162         158–176
///     dW += dyᵀ · x    f32          152–163      143–160         142–169
///     any              bf16               –        83–88            –
///
/// Without AMX, Intel's processors multiply bf16 at half the rate of f32: there it is widened (`WidenedProduct`).
struct ProductRules {
    /// Types whose products oneDNN computes as they are.
    let nativeTypes: Set<DType>
    private let isIntel: Bool
    private let threads: Int

    init(threads: Int) {
        self.threads = threads
        isIntel = ck_cpu_is_intel() != 0
        let multipliesBF16 = od_has_amx() != 0 || (od_has_avx512_bf16() != 0 && !isIntel)
        nativeTypes = multipliesBF16 ? [.f32, .bf16] : [.f32]
    }

    /// For f32 products without bias and residual; nil for `matmul`.
    func plain(_ shape: MatMul) -> SGEMM.Library? {
        if isIntel, !shape.transposeA, !shape.transposeB { return .oneDNN(threads: threads) }
        return shape.accumulate ? .openBLAS : nil
    }

    /// For blocks of widened products.
    func block(_ shape: MatMul) -> SGEMM.Library { plain(shape) ?? .openBLAS }
}
