import Echelon
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// Runs of more steps than their event log has room for.
    @Suite struct LongRunTests {
        @Test func `the events of a long run stay within their bytes, and its report says what it is based on`() throws
        {
            let lab = try Lab()
            let run = try lab.train([
                "devices=[sim:0, sim:1]", "sim={layer_ms: 0.001}", "batch.microbatches=4", "steps=1200",
                "events=1MiB",
            ])
            #expect(run.steps.count == 1200)
            let logs = lab.folder.files.filter { $0.hasSuffix(".events") }
            let bytes = try logs.reduce(0) { try $0 + lab.folder.bytes($1).count }
            #expect(logs.contains { $0.contains("newest") } && logs.contains { $0.contains("sample") })
            #expect(bytes > 1 << 19 && bytes < (1 << 20) + 100_000)
            let report = try lab.run(["report", lab.folder.file("run")])
            #expect(report.exitCode == 0)
            #expect(report.output.contains(#/based on \d+ of 1,200 steps/#), "\(report.output)")
            let trace = try lab.run(["report", lab.folder.file("run"), "--trace", lab.folder.file("trace.json")])
            #expect(trace.exitCode == 0 && trace.errors.contains("of 1200 steps: a sample"))
            let top = try lab.run(["top", lab.folder.file("run")])
            #expect(top.exitCode == 0 && top.output.contains("0 → 1"))
        }
    }
}
