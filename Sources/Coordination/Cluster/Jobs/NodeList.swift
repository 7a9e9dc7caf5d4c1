/// The names that a Slurm list of nodes stands for.
///
///     NodeList.names("n[1-3,07],gpu")   // ["n1", "n2", "n3", "n07", "gpu"]
package enum NodeList {
    /// More are not looked at.
    private static let most = 65_536

    /// - Returns: nil where it is no such list.
    package static func names(_ text: some StringProtocol) -> [String]? {
        var names: [String] = []
        for part in parts(String(text)) {
            guard let more = expand(part), names.count + more.count <= most else { return nil }
            names += more
        }
        return names.isEmpty ? nil : names
    }

    /// Between the commas outside of brackets.
    private static func parts(_ text: String) -> [Substring] {
        var depth = 0
        return text.split { character in
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            return character == "," && depth == 0
        }
    }

    /// `rack[1-2]n[0-3]`
    private static func expand(_ part: Substring) -> [String]? {
        guard let open = part.firstIndex(of: "[") else { return part.contains("]") ? nil : [String(part)] }
        guard let close = part[open...].firstIndex(of: "]"),
            let numbers = numbers(part[part.index(after: open)..<close]),
            let rests = part.index(after: close) == part.endIndex ? [""] : expand(part[part.index(after: close)...]),
            numbers.count.multipliedReportingOverflow(by: rests.count).overflow == false,
            numbers.count * rests.count <= most
        else { return nil }
        return numbers.flatMap { number in rests.map { part[..<open] + number + $0 } }
    }

    /// `1-3,07`
    private static func numbers(_ text: Substring) -> [String]? {
        var numbers: [String] = []
        for range in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = range.split(separator: "-", omittingEmptySubsequences: false)
            guard (1...2).contains(ends.count), let first = UInt32(ends[0]), let last = UInt32(ends[ends.count - 1]),
                first <= last, Int(last - first) < most - numbers.count
            else { return nil }
            let width = ends[0].count
            numbers += (first...last).map { number in
                let digits = "\(number)"
                return String(repeating: "0", count: max(0, width - digits.count)) + digits
            }
        }
        return numbers
    }
}
