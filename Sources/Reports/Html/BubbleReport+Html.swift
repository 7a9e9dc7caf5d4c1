extension BubbleReport {
    /// The report as one HTML file that needs nothing else: no network, and no JavaScript for the numbers.
    ///
    /// - Parameter baseline: another run; the page then says what changed from it to this one.
    /// - Throws: `ReportError.notComparable`.
    public func html(comparedTo baseline: BubbleReport? = nil) throws -> String {
        let comparison = try baseline.map { try RunComparison($0, self) }
        return HtmlPage(report: self, comparison: comparison).text
    }
}
