import Foundation
import Reports
import Runs
import Testing

@Suite struct HtmlTests {
    private func run(stages: Int, microBatches: Int, steps: Int = 4) -> FabricatedRun {
        var run = FabricatedRun(stages: stages, microBatches: microBatches, steps: steps, barrier: true)
        run.forward = { step, stage, microBatch in
            UInt64(9_000_000 + 1_000_000 * (stage % 3) + 100_000 * ((microBatch * 7 + step) % 5))
        }
        run.latency = { _, _ in 900_000 }
        run.dataWait = { _, _ in 200_000 }
        return run
    }

    @Test func `the report of eight stages and thirty-two micro-batches is below one megabyte`() throws {
        #expect(try run(stages: 8, microBatches: 32).report().html().utf8.count < 500_000)
    }

    @Test func `a step of many instructions is drawn in cells`() throws {
        let report = try run(stages: 64, microBatches: 128, steps: 2).report(skip: 1)
        let html = try report.html()
        #expect(html.utf8.count < 2_000_000)
        #expect(html.contains("class=\"cells\""))
        #expect(!html.contains("<rect"))
        for stage in 0..<64 { #expect(html.contains("<th scope=\"row\">stage \(stage)</th>")) }
    }

    @Test func `the page loads nothing from elsewhere`() throws {
        let html = try run(stages: 4, microBatches: 8).report().html()
        for request in ["http:", "https:", "url(", "@import", "<link", "<img", "src=", "fetch("] {
            #expect(!html.contains(request), "\(request)")
        }
    }

    /// Everything between the tags balances, but for the tags that have no end.
    @Test(arguments: [1, 2, 4, 17]) func `every tag that opens is closed`(stages: Int) throws {
        let before = try run(stages: stages, microBatches: 6).report()
        let html = try run(stages: stages, microBatches: 8).report().html(comparedTo: before)
        let markup = html.replacing(/<(style|script)>.*?<\/(style|script)>/.dotMatchesNewlines(), with: "")
        var open: [Substring] = []
        for match in markup.matches(of: /<(\/?)([a-z0-9]+)[^>]*?(\/?)>/) {
            let (close, name, empty) = (match.1, match.2, match.3)
            if !empty.isEmpty || ["meta", "input", "br"].contains(name) { continue }
            if close.isEmpty {
                open.append(name)
            } else {
                #expect(open.popLast() == name)
            }
        }
        #expect(open.isEmpty)
    }

    @Test func `names cannot become markup`() throws {
        let run = run(stages: 2, microBatches: 4)
        var description = run.description
        description.name = "<script>alert('x')</script>"
        description.schedule = "<b>\"1f1b\"&"
        var logs = run.logs()
        for rank in logs.indices {
            logs[rank].host = "<i>host</i>"
            logs[rank].device = "\"><u>"
        }
        let html = try BubbleReport(description, logs: logs).html()
        #expect(!html.contains("<script>alert"))
        #expect(!html.contains("<i>host"))
        #expect(!html.contains("<u>"))
        #expect(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"))
    }

    @Test func `the numbers stand in the text of the page`() throws {
        let report = try run(stages: 4, microBatches: 8).report()
        let html = try report.html()
        let text = html.replacing(/<(style|script)>.*?<\/(style|script)>/.dotMatchesNewlines(), with: "")
            .replacing(/<[^>]*>/, with: " ")
        for heading in [
            "The bubble", "Where the time goes", "One step", "Critical path", "What if", "Stragglers", "Links",
        ] {
            #expect(text.contains(heading))
        }
        for change in report.whatIfs { #expect(text.contains(change.title)) }
        for (name, ratio) in [("measured", report.bubble.measured), ("ideal", report.bubble.ideal)] {
            #expect(text.contains(name))
            #expect(text.contains(String(format: "%.1f %%", ratio.fraction * 100)))
            #expect(text.contains(String(format: "%.1f %%", ratio.overhead * 100)))
        }
        #expect(!text.contains("Run against run"))
        #expect(try report.html(comparedTo: report).contains("Run against run"))
    }

    /// Two drawings, each with a block for each instruction and the optimizer.
    @Test func `every instruction is a block`() throws {
        let html = try FabricatedRun(stages: 4, microBatches: 8, barrier: true).report().html()
        #expect(html.matches(of: /<rect class="c-forward"/).count == 2 * 4 * 8)
        #expect(html.matches(of: /<rect class="c-backward"/).count == 2 * 4 * 8)
        #expect(html.matches(of: /<polyline class="path"/).count == 1)
    }
}
