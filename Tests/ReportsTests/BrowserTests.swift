import Foundation
import Reports
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
          "h1,h2,h3 span,p,dt,dd,td,th,summary,.legend span,.axis span,.lanes span,.lanes b,button")]
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
    func nothingIsCutOffAndNothingOverlaps(shape: (stages: Int, microBatches: Int)) throws {
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
}
