import Tensors
import Testing

@Suite struct DTypeTests {
    /// What is rounded, and the nearest number.
    private static let examples: [(DType, Float, Float)] = [
        (.bf16, 0x1.01p0, 1), (.bf16, 0x1.03p0, 0x1.04p0), (.bf16, 0x1.01001p0, 0x1.02p0), (.bf16, 4.8989794, 4.90625),
        (.bf16, -0.3, -0.30078125), (.f16, 0x1.002p0, 1), (.f16, 0x1.006p0, 0x1.008p0), (.f16, 4.8989794, 4.8984375),
        (.f16, 65504, 65504), (.f32, 4.8989794, 4.8989794), (.i32, 0.5, 0.5),
    ]

    @Test(arguments: examples)
    func `rounding gives the nearest number of a type, ties to even`(_ dtype: DType, _ value: Float, _ nearest: Float) {
        #expect(dtype.rounded(value) == nearest)
    }

    @Test(arguments: DType.allCases) func `what is no number stays none, what is infinite stays infinite`(
        _ dtype: DType
    ) {
        #expect(dtype.rounded(.nan).isNaN)
        #expect(dtype.rounded(-.infinity) == -.infinity)
    }
}
