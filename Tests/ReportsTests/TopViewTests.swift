import Reports
import Runs
import Testing

@Suite struct TopViewTests {
    private func status(ranks: Int, state: LiveStatus.State = .running) -> LiveStatus {
        LiveStatus(
            name: "demo", state: state, steps: 40,
            metrics: StepMetrics(
                step: 7, loss: 2.5, lr: 1e-3, gradNorm: nil, tokens: 64, tokensPerS: 1234, stepS: 0.1,
                bubbleFraction: 0.25),
            ranks: (0..<ranks).map {
                LiveStatus.Rank(
                    rank: $0, device: "cpu:\($0)", step: 8, instruction: "\($0)F3", phase: "computing",
                    bubbleFraction: 0.125, peakBytes: 40_000_000)
            }, updatedAt: 1000)
    }

    private func links(_ count: Int) -> [LinkTraffic] {
        (0..<count).map {
            LinkTraffic(
                from: $0, to: $0 + 1, messagesPerStep: 8, bytesPerStep: 1_600_000, mbPerS: 17.94,
                waitedMs: Double($0 % 7))
        }
    }

    @Test func `every figure has its column`() {
        let text = TopView(status(ranks: 2), links: links(1)).text(now: 1001)
        #expect(
            text == """
                demo: running
                step 7/40  loss 2.5000  lr 1.0e-3  1,234 tok/s  bubble 25.0 %

                rank  device   bubble     memory  at
                   0  cpu:0    12.5 %   38.1 MiB  step 8  0F3  computing
                   1  cpu:1    12.5 %   38.1 MiB  step 8  1F3  computing

                link       messages  bytes/step     MiB/s   ms waited, a step
                0 → 1             8     1.5 MiB     17.11         ·
                """)
    }

    @Test func `a run that went silent is said to be`() {
        #expect(TopView(status(ranks: 1)).text(now: 1090).hasPrefix("demo: running, last heard of 90 s ago\n"))
        #expect(TopView(status(ranks: 1, state: .failed)).text(now: 1090).hasPrefix("demo: ended early\n"))
        #expect(
            TopView(status(ranks: 1, state: .gone)).text(now: 1090).hasPrefix(
                "demo: not running: live.json is 90 s old, and nobody holds the run's lock\n"))
    }

    @Test(arguments: [(64, 126), (64, 0), (2, 2), (2, 126), (64, 3)])
    func `a small terminal never overflows`(ranks: Int, links count: Int) {
        let view = TopView(status(ranks: ranks), links: links(count))
        for height in [12, 24, 50] {
            let lines = view.text(width: 60, height: height, now: 1001).split(
                separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= height)
            #expect(lines.allSatisfy { $0.count <= 60 })
        }
        #expect(!view.text().contains("…"))
    }

    @Test func `of too many links the slowest are shown`() {
        let text = TopView(status(ranks: 1), links: links(14)).text(height: 11, now: 1001)
        #expect(text.contains("6 → 7") && text.contains("13 → 14") && !text.contains("\n0 → 1"))
        #expect(text.hasSuffix("links that were waited for less"))
    }
}
