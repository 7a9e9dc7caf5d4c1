/// The page: sections in the order in which somebody asks.
struct HtmlPage {
    let report: BubbleReport
    let comparison: RunComparison?

    var text: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(Html.escape(report.name)): bubble report</title>
        <style>
        \(HtmlStyle.text)
        </style>
        </head>
        <body>
        <main>
        \(sections.joined(separator: "\n"))
        </main>
        <div id="tip" role="status" hidden></div>
        <script>
        \(HtmlScript.text)
        </script>
        </body>
        </html>

        """
    }

    private var sections: [String] {
        [HeadlineSection(report).text, BubbleSection(report).text]
            + (comparison.map { [ComparisonSection($0).text] } ?? [])
            + [
                CauseSection(report).text, TimelineSection(report).text, CriticalPathSection(report).text,
                WhatIfSection(report).text, WorkSection(report).text, StragglerSection(report).text,
                LinkSection(report).text, footer,
            ]
    }

    private var footer: String {
        let notes = report.notes.map { "<li>\(Html.escape($0))</li>" }.joined()
        let events = report.eventBytesPerStep.map { "Event logs take \(Format.bytes($0)) a step, all ranks together. " }
        return """
            <footer>\(notes.isEmpty ? "" : "<ul>\(notes)</ul>")
            <p>\(events ?? "")Times are milliseconds per step unless said otherwise; p50 is the median, p95 the value \
            that one step in twenty exceeds. Report version \(report.version).</p></footer>
            """
    }
}
