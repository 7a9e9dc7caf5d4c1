import Generation
import Testing

@Suite struct TokenSamplerTests {
    private let logits: [Float] = [0, 2, -1, 2, 1]

    private func draws(_ sampling: Generator.Sampling, _ logits: [Float], count: Int = 4000) -> [Int] {
        var sampler = TokenSampler(sampling)
        return (0..<count).map { _ in sampler.draw(logits) }
    }

    @Test func `temperature 0 takes the likeliest token, the first of equals`() {
        #expect(draws(.init(temperature: 0, topK: nil), logits, count: 3) == [1, 1, 1])
        #expect(draws(.init(temperature: 1e-300, topK: 1), logits, count: 3) == [1, 1, 1])
    }

    @Test func `top k draws from the k likeliest alone`() {
        #expect(Set(draws(.init(temperature: 5, topK: 3), logits)) == [1, 3, 4])
        #expect(Set(draws(.init(temperature: 5, topK: 99), logits)) == [0, 1, 2, 3, 4])
        #expect(Set(draws(.init(temperature: 5, topK: 0), logits)) == [1])
    }

    /// Four standard deviations of 4,000 draws.
    @Test(arguments: [(0.5, 0.8808), (1, 0.7311), (2, 0.6225)])
    func `tokens come as often as their softmax says`(_ temperature: Double, _ expected: Double) {
        let drawn = draws(.init(temperature: temperature, topK: nil, seed: 3), [1, 0])
        // expected: exp(1 / t) / (exp(1 / t) + 1)
        #expect(abs(Double(drawn.count { $0 == 0 }) / 4000 - expected) < 0.032)
    }

    @Test func `a seed draws the same text, another seed another`() {
        let sampling = Generator.Sampling(temperature: 1, topK: nil, seed: 1)
        #expect(draws(sampling, logits, count: 50) == draws(sampling, logits, count: 50))
        #expect(draws(sampling, logits, count: 50) != draws(.init(temperature: 1, seed: 2), logits, count: 50))
    }

    @Test func `top p draws from the likeliest until they have that probability`() {
        // Probabilities 0.5, 0.25, 0.125, 0.125.
        let halves: [Float] = [-2.0794415, -0.6931472, -1.3862944, -2.0794415]
        func drawn(_ p: Double, k: Int? = nil) -> Set<Int> {
            Set(draws(.init(temperature: 1, topK: k, topP: p), halves))
        }
        #expect(drawn(0.4) == [1])
        #expect(drawn(0.7) == [1, 2])
        #expect(drawn(0.8) == [0, 1, 2])
        #expect(drawn(1) == [0, 1, 2, 3])
        // Of the two likeliest alone the first has two thirds.
        #expect(drawn(0.6, k: 2) == [1])
    }

    @Test func `min p draws from tokens that are nearly as likely as the likeliest`() {
        let halves: [Float] = [-2.0794415, -0.6931472, -1.3862944, -2.0794415]
        #expect(Set(draws(.init(temperature: 1, topK: nil, minP: 0.4), halves)) == [1, 2])
        #expect(Set(draws(.init(temperature: 1, topK: nil, minP: 1), halves)) == [1])
        // A higher temperature brings the others nearer: 0.25 becomes 0.5.
        #expect(Set(draws(.init(temperature: 2, topK: nil, minP: 0.4), halves)) == [0, 1, 2, 3])
    }

    @Test func `a repetition penalty makes what the text has less likely, whatever its sign`() {
        var sampler = TokenSampler(.init(temperature: 0, repetitionPenalty: 2))
        #expect(sampler.draw([3, 2, -1], after: []) == 0)
        #expect(sampler.draw([3, 2, -1], after: [0, 0]) == 1)
        #expect(sampler.draw([-1, -1.5, -9], after: [0]) == 1)
        #expect(sampler.draw([3, 2, -1], after: [0, 9_000, -4]) == 1)
    }

    @Test func `logits that are no numbers still give a token`() {
        for odd in [[Float.nan, .nan, 1], [.infinity, .infinity, 0], [-.infinity, -.infinity, -.infinity]] {
            #expect(draws(.init(temperature: 1, topK: 2), odd, count: 100).allSatisfy { (0..<3).contains($0) })
        }
    }
}
