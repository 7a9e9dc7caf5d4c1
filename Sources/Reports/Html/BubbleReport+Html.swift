extension BubbleReport {
    /// The report as one HTML file that needs nothing else: no network, and no JavaScript for the numbers.
    ///
    /// - Parameter baseline: another run; the page then says what changed from it to this one.
    /// - Throws: `RunError.notComparable`.
    public func html(comparedTo baseline: BubbleReport? = nil) throws -> String {
        let comparison = try baseline.map { try RunComparison($0, self) }
        return HtmlPage(title: "\(name): bubble report", sections: sections(comparison)).text
    }

    /// In the order in which somebody asks.
    func sections(_ comparison: RunComparison? = nil) -> [String] {
        [HeadlineSection(self).text, BubbleSection(self).text]
            + (comparison.map { [ComparisonSection($0).text] } ?? [])
            + [
                CauseSection(self).text, TimelineSection(self).text, CriticalPathSection(self).text,
                WhatIfSection(self).text, WorkSection(self).text, StragglerSection(self).text,
                LinkSection(self).text, footer,
            ]
    }

    private var footer: String {
        let list = notes.map { "<li>\(Html.escape($0))</li>" }.joined()
        let events = eventBytesPerStep.map { "Event logs take \(Format.bytes($0)) a step, all ranks together. " }
        return """
            <footer>\(list.isEmpty ? "" : "<ul>\(list)</ul>")
            <p>\(events ?? "")Times are milliseconds per step unless said otherwise; p50 is the median, p95 the value \
            that one step in twenty exceeds. Report version \(version).</p></footer>
            """
    }
}
