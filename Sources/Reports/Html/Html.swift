/// Pieces of HTML.
enum Html {
    /// Text that can stand between tags and in quoted attributes.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case _ where character.value < 0x20: escaped += " "
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// A section with its heading; `lead` is HTML.
    static func section(_ id: String, _ title: String, lead: String = "", _ body: String) -> String {
        let line = lead.isEmpty ? "" : "<p class=\"lead\">\(lead)</p>"
        return "<section id=\"\(id)\"><h2>\(title)</h2>\(line)\n\(body)\n</section>"
    }

    /// A share, 0…1, as the CSS length that it is of its container.
    static func length(_ share: Double) -> String {
        Format.fixed(share.isFinite ? min(1, max(0, share)) * 100 : 0, 2) + "%"
    }

    /// A bar that fills a share of its track.
    static func bar(_ share: Double, _ kind: String = "") -> String {
        "<span class=\"track\"><i class=\"\(kind)\" style=\"width:\(length(share))\"></i></span>"
    }

    /// Parts side by side in one bar; the shares sum to 1 at most.
    static func stack(_ parts: [(category: Category, share: Double)], label: String) -> String {
        let cells = parts.filter { $0.share > 0.0005 }.map { part in
            "<i class=\"\(part.category.cssClass)\" style=\"width:\(length(part.share))\" "
                + "title=\"\(part.category.title) \(Format.percent(part.share))\"></i>"
        }
        return "<span class=\"stack\" role=\"img\" aria-label=\"\(escape(label))\">\(cells.joined())</span>"
    }

    /// Thin bars below each other, for more rows than a table can show at a glance.
    static func strip(_ rows: [(name: String, bar: String)]) -> String {
        let cells = rows.map { "<span>\(escape($0.name))</span>\($0.bar)" }
        return "<div class=\"strip\">\(cells.joined(separator: "\n"))</div>"
    }

    /// What is shown on demand; without JavaScript too.
    static func details(_ summary: String, _ body: String) -> String {
        "<details><summary>\(escape(summary))</summary><div>\(body)</div></details>"
    }

    static func legend(_ categories: [Category]) -> String {
        let items = categories.map { "<span><i class=\"\($0.cssClass)\"></i>\($0.title)</span>" }
        return "<p class=\"legend\">\(items.joined())</p>"
    }
}

extension Category {
    /// The class that gives its colour.
    var cssClass: String { "c-" + title }
}

extension BubbleReport {
    /// Where a rank runs: `cpu:0 on node-1`.
    func place(of rank: Int) -> String {
        [ranks[rank].device, ranks[rank].host].filter { !$0.isEmpty }.joined(separator: " on ")
    }
}
