package import Notation
internal import Systems

/// A regular expression that a user wrote, looked for in names.
package struct NamePattern {
    package let text: String
    package let mark: Mark
    private let regex: Result<Regex<AnyRegexOutput>, any Error>

    package init(_ text: String, at mark: Mark) {
        self.text = text
        self.mark = mark
        regex = Result {
            try Repetitions(text).check()
            return try Regex(text)
        }
    }

    package func isFound(in name: String) throws(ManifestError) -> Bool {
        do {
            return try regex.get().firstMatch(in: name) != nil
        } catch {
            throw ManifestError(
                at: mark, found: "\"\(text.printable(limit: 60))\" (\(error))", expected: "a regular expression")
        }
    }

    /// - Parameters:
    ///   - key: where it stands.
    ///   - what: `parameters`
    ///   - names: all of them.
    package func noMatch(_ key: String, _ what: String, _ names: [String]) -> ManifestError {
        var seen: Set<Substring> = []
        let parts = names.flatMap { $0.split(separator: ".") }.filter { Int($0) == nil && seen.insert($0).inserted }
        let near = Suggestion.nearest(to: text, in: parts.map(String.init))
        let some = names.prefix(3).joined(separator: ", ")
        return ManifestError(
            at: mark, found: "\(key): \"\(text.printable(limit: 60))\" is in no name of the model's \(what)",
            expected: "part of a name such as \(some), …", suggestion: near)
    }
}

/// What makes a search slow: repetitions, of which each multiplies the ways in which a name may fit, and repeated groups,
/// whose ways grow exponentially with the name. A pattern may come from an adapter's file that somebody else wrote.
private struct Repetitions {
    struct TooMany: Error, CustomStringConvertible {
        let description: String
    }

    private static let most = 5
    private static let mostOptional = 10
    private static let longest = 1 << 16
    private var (unbounded, optional) = (0, 0)
    private var repeatsGroup = false
    private let isTooLong: Bool

    init(_ text: String) {
        isTooLong = text.utf8.count > Self.longest
        var (isEscaped, isClass) = (false, false)
        var last: Character?
        for character in text.prefix(Self.longest) {
            if isEscaped {
                (isEscaped, last) = (false, nil)
                continue
            }
            defer { last = character }
            switch character {
            case "\\": isEscaped = true
            case "[": isClass = true
            case "]": isClass = false
            case "*", "+", "{":
                guard !isClass, !"*+?{}".contains(last ?? " ") else { continue }
                unbounded += 1
                if last == ")" { repeatsGroup = true }
            case "?":
                guard !isClass, !"*+?{}(".contains(last ?? " ") else { continue }
                optional += 1
            default: break
            }
        }
    }

    func check() throws(TooMany) {
        if repeatsGroup { throw TooMany(description: "a group may not be repeated") }
        if unbounded > Self.most || optional > Self.mostOptional || isTooLong {
            throw TooMany(
                description:
                    "at most \(Self.most) repetitions and \(Self.mostOptional) optional parts: names are searched, so that "
                    + "nothing need stand for what is around")
        }
    }
}
