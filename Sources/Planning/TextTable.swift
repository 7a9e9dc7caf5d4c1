import Foundation

/// Columns of text, as wide as their widest cell.
package struct TextTable {
    package enum Alignment { case left, right }

    private let alignments: [Alignment]
    private var rows: [[String]]

    package init(_ header: [(title: String, alignment: Alignment)]) {
        alignments = header.map(\.alignment)
        rows = [header.map(\.title)]
    }

    package mutating func add(_ cells: [String]) { rows.append(cells) }

    package func lines(indent: String = "  ") -> [String] {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, zip(widths, alignments)).map { cell, layout in
                let padding = String(repeating: " ", count: layout.0 - cell.count)
                return layout.1 == .left ? cell + padding : padding + cell
            }
            let line = indent + cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}

extension Int {
    /// `1,234,567`
    package var grouped: String {
        var digits = Array(String(magnitude))
        for position in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: position) }
        return (self < 0 ? "-" : "") + String(digits)
    }

    /// `1.5 MiB`
    package var bytesText: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(self)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(self) B" : String(format: "%.1f %@", value, units[unit])
    }
}

extension Double {
    /// `1.25`
    package var ratioText: String { String(format: "%.2f", self) }
    /// `11.1 %`
    package var percentText: String { String(format: "%.1f %%", self * 100) }
    /// `1.23 GFLOP`
    package var flopsText: String { String(format: self < 1e9 ? "%.4f" : "%.2f", self / 1e9) }
}
