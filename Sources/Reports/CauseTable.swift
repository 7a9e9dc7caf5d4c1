/// Stage × cause: milliseconds per step, one row a rank, one column a cause that took any time.
struct CauseTable {
    private let report: BubbleReport
    private static let labelWidth = 10

    init(_ report: BubbleReport) { self.report = report }

    /// The columns in as many tables as keep within 100 columns.
    var blocks: [String] {
        var groups: [[Category]] = [[]]
        var width = Self.labelWidth + 9
        for cause in causes {
            let next = columnWidth(cause)
            if width + next > Paragraph.width {
                groups.append([])
                width = Self.labelWidth
            }
            groups[groups.count - 1].append(cause)
            width += next
        }
        return groups.enumerated().map { table($1, isFirst: $0 == 0) }
    }

    private var causes: [Category] {
        report.causes.filter { total in
            total.share >= 0.0005 || report.ranks.contains { ($0[total.cause]?.ms.p95 ?? 0) >= 0.005 }
        }.map(\.cause)
    }

    private func columnWidth(_ cause: Category) -> Int { max(cause.title.count, 7) + 1 }

    private func table(_ causes: [Category], isFirst: Bool) -> String {
        var lines = [head(causes, isFirst: isFirst)]
        let both = report.ranks.count <= 16
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
        "ms / step".padded(to: Self.labelWidth) + (isFirst ? "wall".aligned(to: 9) : "")
            + causes.map { $0.title.aligned(to: columnWidth($0)) }.joined()
    }

    private func row(
        _ label: String, _ causes: [Category], wall: Double?, value: (Category) -> Double
    ) -> String {
        label.padded(to: Self.labelWidth) + (wall.map { Format.milliseconds($0).aligned(to: 9) } ?? "")
            + causes.map { Format.milliseconds(value($0)).aligned(to: columnWidth($0)) }.joined()
    }

    private func shares(_ causes: [Category], isFirst: Bool) -> String {
        "  % of wall".padded(to: Self.labelWidth)
            + (isFirst ? "100%".aligned(to: Self.labelWidth + 9 - "  % of wall".count) : "")
            + causes.map { Format.percent(report[$0]?.share ?? 0).aligned(to: columnWidth($0)) }.joined()
    }
}
