import COneDNN
import COpenBLAS
import Tensors

/// c[m × n] = op(a)[m × k] · op(b)[k × n] + beta · c over row-major matrices whose rows lie `stride…` apart.
struct SGEMM {
    enum Library {
        case openBLAS
        case oneDNN(threads: Int)
    }

    var m: Int
    var n: Int
    var k: Int
    var transposeA: Bool
    var transposeB: Bool
    var a: UnsafePointer<Float>
    var strideA: Int
    var b: UnsafePointer<Float>
    var strideB: Int
    var c: UnsafeMutablePointer<Float>
    var strideC: Int
    var beta: Float

    init(
        _ kind: Products.Kind, a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>
    ) {
        (m, n, k) = (kind.shape.m, kind.shape.n, kind.shape.k)
        (transposeA, transposeB) = (kind.shape.transposeA, kind.shape.transposeB)
        (self.a, self.b, self.c) = (a, b, c)
        (strideA, strideB, strideC) = (kind.strideA, kind.strideB, kind.strideC)
        beta = kind.shape.accumulate ? 1 : 0
    }

    func run(by library: Library) {
        guard m > 0, n > 0 else { return }
        switch library {
        case .openBLAS: runOpenBLAS()
        case .oneDNN(let threads): runOneDNN(threads)
        }
    }

    private func runOpenBLAS() {
        ob_sgemm(
            transposeA, transposeB, Int32(m), Int32(n), Int32(k), a, Int32(max(strideA, 1)), b, Int32(max(strideB, 1)),
            beta, c, Int32(strideC))
    }

    private func runOneDNN(_ threads: Int) {
        // OpenMP keeps the number for each thread that starts parallel work; a backend may be made by another one.
        omp_set_num_threads(Int32(clamping: threads))
        let status = dnnl_sgemm(
            letter(transposeA), letter(transposeB), dnnl_dim_t(m), dnnl_dim_t(n), dnnl_dim_t(k), 1, a,
            dnnl_dim_t(max(strideA, 1)), b, dnnl_dim_t(max(strideB, 1)), beta, c, dnnl_dim_t(strideC))
        precondition(status == dnnl_success, "oneDNN's product failed with status \(status.rawValue)")
    }

    private func letter(_ isTransposed: Bool) -> CChar {
        CChar(bitPattern: isTransposed ? UInt8(ascii: "T") : UInt8(ascii: "N"))
    }
}
