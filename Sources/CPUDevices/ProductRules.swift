import CKernels
import COneDNN
import Tensors

/// Which library computes which product: what the run's table names, else what was fastest where it was measured, and the
/// same on every machine of a kind, so that results do not depend on how busy it is.
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
///     Zen 3 (AVX2)                 OpenBLAS   oneDNN matmul   oneDNN sgemm
///     y = x · Wᵀ       f32            59–70        58–68           60–68
///     dx = dy · W      f32            59–70        41–62           40–63
///     dW += dyᵀ · x    f32            61–76        45–66           46–68
///     narrow (64 ↔ 64, 192, 256)      49–58        59–69           67–74
///
/// One head of attention is too small for any of them: for 64 × 256 × 64 they reach 45–65 GFLOP/s on Zen 3, and the kernel
/// (`ck_small_product`) 75–89; for 32 × 32 × 8 they take 1–2 µs, and the kernel 0.3.
///
/// Without AMX, Intel's processors multiply bf16 at half the rate of f32: there it is widened (`WidenedProduct`).
struct ProductRules: Sendable {
    /// Types whose products oneDNN computes as they are.
    let nativeTypes: Set<DType>
    private let table: ProductTable
    private let processor: Processor
    private let threads: Int

    private enum Processor {
        case intel
        /// Others with AVX-512.
        case wide
        /// Others with AVX2.
        case narrow
        /// oneDNN has no kernels of its own there.
        case other
    }

    init(threads: Int, table: ProductTable = ProductTable()) {
        self.threads = threads
        self.table = table
        processor = Self.processor()
        let multipliesBF16 = od_has_amx() != 0 || (od_has_avx512_bf16() != 0 && processor != .intel)
        nativeTypes = multipliesBF16 ? [.f32, .bf16] : [.f32]
    }

    private static func processor() -> Processor {
        if ck_cpu_is_intel() != 0 { return .intel }
        let features = CPUFeatures.current.features
        return features.contains(.avx512F) ? .wide : features.contains(.avx2) ? .narrow : .other
    }

    /// Those that can compute a product, apart from how fast.
    func libraries(_ dtype: DType) -> [ProductTable.Library] {
        ProductTable.Library.allCases.filter { $0 != .oneDNN || nativeTypes.contains(dtype) }
    }

    /// Who computes a product of whole matrices; nil: 16-bit blocks, each by the rules for its own size.
    func library(_ key: ProductTable.Key, hasBias: Bool) -> ProductTable.Library? {
        let shape = key.shape
        let kind = Products.Kind(
            shape: shape, strideA: shape.transposeA ? shape.m : shape.k, strideB: shape.transposeB ? shape.k : shape.n,
            strideC: shape.n, dtype: key.dtype, resultType: key.dtype, hasBias: hasBias)
        guard key.dtype == .f32 else { return chosen(kind) ?? (nativeTypes.contains(key.dtype) ? .oneDNN : nil) }
        return switch library(kind) {
        case .openBLAS: .openBLAS
        case .oneDNN: .oneDNNSGEMM
        case nil: .oneDNN
        }
    }

    /// For a product of any type: what the table names.
    func chosen(_ kind: Products.Kind) -> ProductTable.Library? { table[ProductTable.Key(kind.shape, kind.dtype)] }

    /// For a product of SGEMM's; nil: oneDNN's `matmul`.
    func routine(_ library: ProductTable.Library) -> SGEMM.Library? {
        switch library {
        case .openBLAS: .openBLAS
        case .oneDNNSGEMM: .oneDNN(threads: threads)
        case .oneDNN: nil
        }
    }

    /// For an f32 product; nil: oneDNN's `matmul`, which alone adds bias and addend in its one pass.
    func library(_ kind: Products.Kind) -> SGEMM.Library? {
        if let chosen = chosen(kind) { return routine(chosen) }
        let shape = kind.shape
        switch processor {
        case .intel:
            let isPlain = !kind.hasBias && !kind.hasAddend
            guard isPlain else { return nil }
            return !shape.transposeA && !shape.transposeB ? .oneDNN(threads: threads) : shape.accumulates
        case .wide: return kind.hasBias || kind.hasAddend ? nil : shape.accumulates
        case .narrow: return narrow(kind)
        case .other: return .openBLAS
        }
    }

    /// oneDNN packs no operand here: it is fast where it reads along rows, and where these lie close together.
    private func narrow(_ kind: Products.Kind) -> SGEMM.Library? {
        let isClose = max(kind.shape.transposeA ? kind.strideA : 0, kind.strideB) <= 256
        guard isClose || (kind.shape.transposeB && kind.shape.k < 2048) else { return .openBLAS }
        return kind.hasBias || kind.hasAddend ? nil : .oneDNN(threads: threads)
    }
}

extension MatMul {
    fileprivate var accumulates: SGEMM.Library? { accumulate ? .openBLAS : nil }
}
