/// The ways in which files may write one name: with one of the family's prefixes, or without.
struct Spellings {
    /// Without prefix.
    let base: String
    /// All of them, each once, the family's own first.
    let all: [String]

    init(_ name: String, _ prefixes: [String]) {
        let prefix = prefixes.first { !$0.isEmpty && name.utf8.starts(with: $0.utf8) } ?? ""
        let base = String(decoding: name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        var all = [name]
        for spelling in [base] + prefixes.map({ $0 + base }) where !all.contains(spelling) { all.append(spelling) }
        self.base = base
        self.all = all
    }
}
