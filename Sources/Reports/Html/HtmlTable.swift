/// A table that turns into cards, one a row, where the window is narrow.
struct HtmlTable {
    struct Column {
        var title: String
        /// Right-aligned digits.
        var isNumber = true
        /// Takes a card's whole width.
        var isWide = false
    }

    struct Cell {
        /// HTML.
        var html: String
        /// Empty: hidden on cards.
        var isEmpty = false

        init(_ html: String, isEmpty: Bool = false) {
            self.html = html
            self.isEmpty = isEmpty
        }

        /// A median with its 95th percentile below.
        init(_ spread: BubbleReport.Spread, withTail: Bool) {
            let middle = Format.milliseconds(spread.p50)
            let tail = Format.milliseconds(spread.p95)
            isEmpty = middle == "·" && (tail == "·" || !withTail)
            html = middle + (withTail ? "<small>\(tail)</small>" : "")
        }
    }

    /// The first is the row's name.
    var columns: [Column]
    var rows: [(name: String, cells: [Cell])] = []
    var lastIsTotal = false
    /// Narrow enough to stay a table on a phone, less its wide columns.
    var isCompact = false
    /// Rows after these are shown on demand.
    var limit = Int.max
    /// Up to this many rows are shown as a table; more as thin bars, with the table on demand.
    static let glance = 16
    /// What the rows are: `links`
    var noun = "rows"

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ name: String, _ cells: [Cell]) { rows.append((name, cells)) }

    var text: String {
        let shown = table(Array(rows.prefix(limit)), hasTotal: lastIsTotal && rows.count <= limit)
        guard rows.count > limit else { return shown }
        let rest = table(Array(rows.dropFirst(limit)), hasTotal: lastIsTotal)
        return shown + Html.details("\(rows.count - limit) more \(noun)", rest)
    }

    private func table(_ rows: [(name: String, cells: [Cell])], hasTotal: Bool) -> String {
        let head = columns.map { column in
            let classes = [column.isNumber ? "" : "text", column.isWide ? "wide" : ""].filter { !$0.isEmpty }
            return "<th scope=\"col\" class=\"\(classes.joined(separator: " "))\">\(column.title)</th>"
        }
        let body = rows.enumerated().map { index, row in
            let isTotal = hasTotal && index == rows.count - 1
            let cells = zip(columns.dropFirst(), row.cells).map(cell)
            return "<tr\(isTotal ? " class=\"total\"" : "")><th scope=\"row\">\(row.name)</th>\(cells.joined())</tr>"
        }
        return """
            <div class="scroll"><table class="\(isCompact ? "compact" : "cards")"><thead><tr>\(head.joined())</tr></thead><tbody>
            \(body.joined(separator: "\n"))
            </tbody></table></div>
            """
    }

    private func cell(_ column: Column, _ cell: Cell) -> String {
        let classes = [column.isNumber ? nil : "text", column.isWide ? "wide" : nil, cell.isEmpty ? "none" : nil]
        let list = classes.compactMap { $0 }.joined(separator: " ")
        let label = column.title.isEmpty ? "" : " data-label=\"\(column.title)\""
        return "<td\(list.isEmpty ? "" : " class=\"\(list)\"")\(label)>\(cell.html)</td>"
    }
}
