import CKernels
import Glibc
import Testing

/// How far the vectorised functions are from libm's f64 ones, in units of the last place.
@Suite struct VectorMathTests {
    private func worst(
        _ range: ClosedRange<Double>, _ kernel: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void,
        _ reference: (Double) -> Double
    ) -> Double {
        let count = 200_001
        let width = range.upperBound - range.lowerBound
        let x = (0..<count).map { Float(range.lowerBound + width * Double($0) / Double(count - 1)) }
        var y = [Float](repeating: .nan, count: count)
        kernel(x, &y, count)
        return zip(x, y).map { x, y in
            let exact = reference(Double(x))
            return abs(Double(y) - exact) / Double(Float(exact).ulp)
        }.max() ?? .infinity
    }

    @Test(arguments: [-86...88.7, -1...1, -1e-3...1e-3]) func `exp agrees with the C library`(
        range: ClosedRange<Double>
    ) {
        #expect(worst(range, { ck_exp($0, $1, $2) }, exp) < 1.5)
    }

    @Test(arguments: [-10...10, -1...1, -1e-3...1e-3]) func `tanh agrees with the C library`(range: ClosedRange<Double>)
    {
        #expect(worst(range, { ck_activate(CK_F32, CK_TANH, $0, $1, $2) }, tanh) < 2)
    }

    @Test(arguments: [-5...5, -1...1, -1e-3...1e-3]) func `erf agrees with the C library`(range: ClosedRange<Double>) {
        #expect(worst(range, { ck_erf($0, $1, $2) }, erf) < 3)
    }

    @Test func `infinities and NaN are those of the C library`() {
        let x: [Float] = [-.infinity, -200, -87.1, 0, 88.72, 88.8, .infinity, .nan]
        var y = [Float](repeating: 7, count: x.count)
        ck_exp(x, &y, x.count)
        #expect(y[0...3] == [0, 0, 0, 1])
        #expect(y[4].isFinite)
        #expect(y[5...6] == [.infinity, .infinity])
        #expect(y[7].isNaN)
        ck_erf(x, &y, x.count)
        #expect(y[0] == -1 && y[6] == 1 && y[7].isNaN)
    }
}
