import Foundation
import Runs
import TestSupport
import Testing

@Suite struct EvaluationMetricsTests {
    @Test(arguments: [0.5123, 1e-300, .infinity, -.infinity])
    func `a line reads back to the same figures`(loss: Double) throws {
        let metrics = EvaluationMetrics(step: 20, loss: loss, tokens: 612, samples: 200, seconds: 3.125, isBest: true)
        #expect(try EvaluationMetrics(line: metrics.line()) == metrics)
        #expect((try JSONSerialization.jsonObject(with: Data(metrics.line().utf8)) as? [String: Any])?.count ?? 0 >= 7)
    }

    @Test func `a loss that is no number is null, with its name beside it`() throws {
        let line = EvaluationMetrics(step: 1, loss: .nan, tokens: 1, samples: 1, seconds: 0, isBest: false).line()
        #expect(line.contains(#""loss":null,"loss_text":"nan","perplexity":null,"perplexity_text":"nan""#))
        #expect(try EvaluationMetrics(line: line).loss.isNaN)
    }

    @Test func `a run's evaluations are read in their order, but for a line that is being written`() throws {
        let folder = try TemporaryFolder()
        let directory = RunDirectory(folder.path)
        #expect(try directory.evaluations() == [])
        let all = [0, 10].map {
            EvaluationMetrics(step: $0, loss: 2, tokens: 8, samples: 1, seconds: 1, isBest: $0 == 0)
        }
        try folder.write(all.map { $0.line() + "\n" }.joined() + #"{"step":20,"loss":1."#, to: "evaluations.jsonl")
        #expect(try directory.evaluations() == all)
    }
}
