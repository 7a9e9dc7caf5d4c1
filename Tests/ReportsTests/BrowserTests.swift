import Foundation
import Reports
import Runs
import TestSupport
import Testing

/// The page in a real browser, where Debian's chromium is installed: `apt-get install chromium`.
@Suite(.enabled(if: Browser.path != nil, "chromium is not installed, so the page was not looked at"), .serialized)
struct BrowserTests {
    /// What the page looks like to somebody.
    private struct Look: Decodable {
        var width: Int
        var pageWidth: Int
        /// Texts that stick out of the window or of their own box.
        var cutOff: [String]
        /// Pairs of texts that lie over each other.
        var overlaps: [String]
        var buttons: Int
        var rows: Int
    }

    private static let probe = """
        const texts = [...document.querySelectorAll(
          "h1,h2,h3 span,p,dt,dd,td,th,summary,.legend span,.axis span,.scale span,.lanes span,.lanes b,button")]
          .filter((e) => e.checkVisibility() && e.textContent.trim() && !e.closest("details:not([open]) > div"));
        const name = (e) => e.tagName + ": " + e.textContent.trim().slice(0, 40);
        const box = (e) => { const r = document.createRange(); r.selectNodeContents(e); return r.getBoundingClientRect(); };
        const boxes = texts.map((e) => ({ e, r: box(e) })).filter((b) => b.r.width > 0);
        const cutOff = boxes.filter(({ e, r }) => r.left < -0.5 || r.right > innerWidth + 0.5 ||
          (getComputedStyle(e).overflow !== "visible" && e.scrollWidth > e.clientWidth + 1));
        const scrolls = [...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth + 7);
        const overlaps = [];
        for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < Math.min(boxes.length, i + 80); j++) {
          const [a, b] = [boxes[i], boxes[j]];
          if (a.e.contains(b.e) || b.e.contains(a.e)) continue;
          const wide = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left);
          const high = Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top);
          if (wide > 1 && high > 3) overlaps.push(name(a.e) + " | " + name(b.e));
        }
        return { width: innerWidth, pageWidth: document.documentElement.scrollWidth,
          cutOff: [...cutOff.map(({ e }) => name(e)), ...scrolls.map((e) => "scrolls: " + name(e))].slice(0, 9),
          overlaps: overlaps.slice(0, 9), buttons: document.querySelectorAll(".zoom button").length,
          rows: document.querySelectorAll("#causes tbody tr").length };
        """

    private func look(_ html: String, widths: [Int]) throws -> [Look] {
        let browser = try Browser(path: try #require(Browser.path))
        defer { browser.close() }
        return try JSONDecoder().decode([Look].self, from: browser.evaluate(Self.probe, in: html, widths: widths))
    }

    private static func report(stages: Int, microBatches: Int) throws -> BubbleReport {
        var run = FabricatedRun(stages: stages, microBatches: microBatches, steps: 4, barrier: true)
        run.forward = { step, stage, microBatch in
            UInt64(9_000_000 + 4_000_000 * (stage % 3) + 800_000 * ((microBatch * 7 + step) % 5))
        }
        run.latency = { _, _ in 900_000 }
        run.dataWait = { _, _ in 900_000 }
        run.sendWait = { _, stage, _ in stage == 1 ? 700_000 : 0 }
        run.overhead = 300_000
        return try run.report(skip: 1)
    }

    @Test(arguments: [(4, 8), (8, 32), (64, 128)])
    func `nothing is cut off and nothing overlaps`(shape: (stages: Int, microBatches: Int)) throws {
        let widths = [360, 390, 700, 960, 1024, 1200, 1400, 1600]
        let report = try Self.report(stages: shape.stages, microBatches: shape.microBatches)
        let looks = try look(try report.html(comparedTo: report), widths: widths)
        #expect(looks.map(\.width) == widths)
        for look in looks {
            #expect(look.pageWidth <= look.width, "\(look.width)")
            #expect(look.cutOff.isEmpty, "\(look.width)")
            #expect(look.overlaps.isEmpty, "\(look.width)")
            #expect(look.rows == shape.stages + 1)
            #expect(look.buttons == 3)
        }
    }

    // MARK: Live

    private static func status(step: Int, of steps: Int = 40, state: LiveStatus.State = .running) -> LiveStatus {
        LiveStatus(
            name: "fabricated", state: state, steps: steps,
            metrics: StepMetrics(
                step: step, loss: 2.5 - Double(step) / 100, lr: 1e-3, gradNorm: 1.25, tokens: 4096,
                tokensPerS: 12_345, stepS: 0.3, bubbleFraction: 0.25),
            ranks: (0..<8).map {
                LiveStatus.Rank(
                    rank: $0, device: "cpu:\($0)", step: step + 1, instruction: "\($0)F3",
                    phase: "waiting for rank \($0)'s activation of micro-batch 3", bubbleFraction: 0.25,
                    peakBytes: 512_000_000)
            })
    }

    private static func page(step: Int) throws -> LivePage {
        var curve = LossCurve()
        // As many as are thinned out: the widest numbers, and a band.
        for number in 0..<step * 1000 { curve.add(step: number + 1, loss: 3 - Double(number % 997) / 500) }
        for number in 1..<max(step, 1) { curve.add(EvaluationMetrics(step: number * 1000, loss: 2.5)) }
        return LivePage(
            name: "fabricated", status: status(step: step),
            report: step == 0 ? nil : try report(stages: 8, microBatches: step), curve: curve)
    }

    @Test func `a live page is as tidy as a report`() throws {
        let widths = [360, 390, 700, 1024, 1400]
        for page in [LivePage(name: "run"), try Self.page(step: 0), try Self.page(step: 9)] {
            for look in try look(page.html(), widths: widths) {
                #expect(look.pageWidth <= look.width, "\(look.width)")
                #expect(look.cutOff.isEmpty, "\(look.width)")
                #expect(look.overlaps.isEmpty, "\(look.width)")
            }
        }
    }

    private struct Change: Decodable {
        var title: String
        var state: String
        var rows: Int
        /// Of nodes that were marked before the change.
        var kept: [Bool]
        var zoom: String
        var buttons: Int
        var isOpen: Bool
        var moved: Double
        var isClosed: Bool
    }

    /// The page's two ways to the world, in the hands of the test.
    private static func stub(_ next: LivePage) throws -> String {
        func quoted(_ text: String) throws -> String {
            String(decoding: try JSONEncoder().encode(text), as: UTF8.self).replacing("<", with: "\\u003c")
        }
        return """
            <script>
            class EventSource {
              constructor() { window.source = this; this.on = {}; this.readyState = 1; }
              addEventListener(name, action) { this.on[name] = action; }
              close() { this.readyState = 2; }
            }
            window.EventSource = EventSource;
            window.fetch = async () => ({ text: async () => \(try quoted(next.html())) });
            const status = \(try quoted(next.statusData()));
            </script>
            """
    }

    private func change(from before: LivePage, to after: LivePage) throws -> Change {
        let script = """
            const marked = ["#live", "#loss", "#causes table", "#timeline svg", "#links", "h1"]
              .map((name) => document.querySelector(name));
            const zoom = document.querySelectorAll(".zoom button");
            if (zoom.length) zoom[1].click();
            const list = document.querySelector("#live details");
            if (list) list.open = false;
            const part = document.querySelector("#critical-path") || document.body;
            part.scrollIntoView();
            const top = part.getBoundingClientRect().top;
            source.on.status({ data: status });
            await source.on.report({ data: "2" });
            const moved = part.getBoundingClientRect().top - top;
            await source.on.end({ data: "2" });
            return { title: document.title, state: document.getElementById("live").className,
              rows: document.querySelectorAll("#causes tbody tr").length,
              kept: marked.map((node) => node !== null && node.isConnected),
              zoom: getComputedStyle(document.documentElement).getPropertyValue("--zoom"),
              buttons: document.querySelectorAll(".zoom button").length,
              isOpen: Boolean(document.querySelector("#live details[open]")), moved,
              isClosed: source.readyState === 2 };
            """
        let browser = try Browser(path: try #require(Browser.path))
        defer { browser.close() }
        let html = before.html().replacing("<head>", with: "<head>" + (try Self.stub(after)))
        return try #require(
            try JSONDecoder().decode([Change].self, from: browser.evaluate(script, in: html, widths: [1200])).first)
    }

    @Test func `a live page changes in place`() throws {
        let change = try change(from: try Self.page(step: 8), to: try Self.page(step: 12))
        #expect(change.title == "12/40 fabricated" && change.state == "running")
        #expect(change.kept == [true, true, true, true, true, true])
        #expect(change.zoom == "2" && change.buttons == 3 && !change.isOpen && change.isClosed)
        #expect(change.moved.magnitude < 1)
    }

    @Test func `the first report appears by itself`() throws {
        let change = try change(from: try Self.page(step: 0), to: try Self.page(step: 4))
        #expect(change.rows == 9 && change.buttons == 3)
        #expect(change.kept[0] && change.kept[1])
    }
}
