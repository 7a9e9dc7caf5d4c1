/// Stage × cause: milliseconds per step, one row a rank, one column a cause that took any time.
struct CauseTable {
    private let report: BubbleReport
    private static let wallWidth = 8
    private static let labelWidth = 11

    init(_ report: BubbleReport) { self.report = report }

    /// One table, or where that is wider than 100 columns one of work and one of waiting, or two.
    var blocks: [String] {
        guard Self.wallWidth + width(causes) > Paragraph.width else { return [table(causes, isFirst: true)] }
        let idle = causes.filter(\.isIdle)
        let fits = width(idle) <= Paragraph.width
        let parts = fits ? [idle] : [idle.filter(\.isAvoidable), idle.filter { !$0.isAvoidable }]
        return [table(causes.filter { !$0.isIdle }, isFirst: true)] + parts.map { table($0, isFirst: false) }
    }

    private func width(_ causes: [Category]) -> Int { causes.reduce(Self.labelWidth) { $0 + columnWidth($1) } }

    /// Those that took a thousandth of some rank's time.
    private var causes: [Category] {
        report.causes.map(\.cause).filter { cause in report.ranks.contains { ($0[cause]?.share ?? 0) >= 0.001 } }
    }

    private func columnWidth(_ cause: Category) -> Int { max(cause.title.count, 7) + 1 }

    private func table(_ causes: [Category], isFirst: Bool) -> String {
        var lines = [head(causes, isFirst: isFirst)]
        let both = report.ranks.count <= 8
        for (rank, name) in zip(report.ranks, report.names) {
            lines.append(row("  " + name, causes, wall: isFirst ? rank.wallMs.p50 : nil) { rank[$0]?.ms.p50 ?? 0 })
            guard both, report.steps > 1 else { continue }
            lines.append(row("     p95", causes, wall: isFirst ? rank.wallMs.p95 : nil) { rank[$0]?.ms.p95 ?? 0 })
        }
        lines.append(row("  all", causes, wall: isFirst ? report.stepMs.p50 : nil) { report[$0]?.ms.p50 ?? 0 })
        if report.steps > 1 {
            lines.append(row("     p95", causes, wall: isFirst ? report.stepMs.p95 : nil) { report[$0]?.ms.p95 ?? 0 })
        }
        lines.append(shares(causes, isFirst: isFirst))
        return lines.joined(separator: "\n")
    }

    private func head(_ causes: [Category], isFirst: Bool) -> String {
        "ms a step".padded(to: Self.labelWidth) + (isFirst ? "wall".aligned(to: Self.wallWidth) : "")
            + causes.map { $0.title.aligned(to: columnWidth($0)) }.joined()
    }

    private func row(
        _ label: String, _ causes: [Category], wall: Double?, value: (Category) -> Double
    ) -> String {
        label.padded(to: Self.labelWidth) + (wall.map { Format.milliseconds($0).aligned(to: Self.wallWidth) } ?? "")
            + causes.map { Format.milliseconds(value($0)).aligned(to: columnWidth($0)) }.joined()
    }

    private func shares(_ causes: [Category], isFirst: Bool) -> String {
        "  % of wall".padded(to: Self.labelWidth)
            + (isFirst ? "100 %".aligned(to: Self.wallWidth) : "")
            + causes.map { Format.percent(report[$0]?.share ?? 0).aligned(to: columnWidth($0)) }.joined()
    }
}
