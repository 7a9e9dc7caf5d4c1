import Optimizers
import Tensors
import Testing

@Suite struct ClippingTests {
    @Test(arguments: try Fixture.load().clips)
    func `norm and factor are torch's`(clip: Fixture.Clip) throws {
        let gradients = (0..<3).map { gradient($0).map { $0 * clip.scale } }
        let norm = Clipping.norm(sumsOfSquares: gradients.map { $0.reduce(0) { $0 + Double($1) * Double($1) } })
        #expect(abs(norm - clip.norm) <= 1e-6 * clip.norm)
        let factor = try Clipping(maximumNorm: clip.maximum).factor(norm: norm)
        for (gradient, clipped) in zip(gradients, clip.clipped) { expectClose(gradient.map { $0 * factor }, clipped) }
    }

    @Test func `a norm at the maximum is barely touched and a smaller one not at all`() throws {
        let clipping = try Clipping(maximumNorm: 2)
        #expect(clipping.factor(norm: 2) == Float(2 / 2.000001))
        #expect(clipping.factor(norm: 1.9) == 1)
        #expect(clipping.factor(norm: 0) == 1)
        #expect(clipping.factor(norm: 8) < 0.25)
    }

    @Test func `a norm that is no number is not hidden`() throws {
        let clipping = try Clipping(maximumNorm: 1)
        #expect(clipping.factor(norm: .nan).isNaN)
        #expect(clipping.factor(norm: .infinity) == 0)
    }

    @Test func `the sum runs in the order given`() {
        // Beside 2^53 a 1 is lost; a thousand that come first are not.
        let ones = [Double](repeating: 1, count: 1000)
        #expect(Clipping.norm(sumsOfSquares: [0x1p53] + ones) == 0x1p53.squareRoot())
        #expect(Clipping.norm(sumsOfSquares: ones + [0x1p53]) == (0x1p53 + 1000).squareRoot())
        #expect((0x1p53 + 1000).squareRoot() != 0x1p53.squareRoot())
        #expect(Clipping.norm(sumsOfSquares: []) == 0)
    }

    @Test func `a maximum that clips everything is refused`() {
        for maximum in [0, -1, Double.nan, .infinity] {
            expectError("clip: expected a number above 0, got \(maximum)") { try Clipping(maximumNorm: maximum) }
        }
    }
}
