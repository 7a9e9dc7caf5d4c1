internal import COpenBLAS

/// c[m × n] = alpha · op(a)[m × k] · op(b)[k × n] + beta · c over row-major matrices whose rows lie `stride…` apart.
struct SGEMM {
    var m: Int
    var n: Int
    var k: Int
    var transposeA = false
    var transposeB = false
    var a: UnsafePointer<Float>
    var strideA: Int
    var b: UnsafePointer<Float>
    var strideB: Int
    var c: UnsafeMutablePointer<Float>
    var strideC: Int
    var alpha: Float = 1
    var beta: Float = 0

    func run() {
        guard m > 0, n > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            Int32(m), Int32(n), Int32(k), alpha, a, Int32(max(strideA, 1)), b, Int32(max(strideB, 1)), beta,
            c, Int32(strideC))
    }
}
