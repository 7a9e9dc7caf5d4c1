/// What two processes must agree about to compute the same run: the program, the manifest, what its files hold. An ordered
/// list: each part has a name for messages, which does not travel, and a value, which does.
package struct RunDigest: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        /// As in "its … is": `manifest`, `weights file /a/b`.
        package var name: String
        /// At most 255 bytes.
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var parts: [Part]
    /// More parts than this do not fit a hello.
    static let limit = 128

    /// - Precondition: at most 128 parts.
    package init(_ parts: [Part]) {
        precondition(parts.count <= Self.limit, "a digest of \(parts.count) parts")
        self.parts = parts
    }

    var values: [String] { parts.map(\.value) }

    /// Why `values`, as another process sent them, are not these; nil where they are.
    package func objection(to values: [String]) -> String? {
        for (part, value) in zip(parts, values) where part.value != value {
            return "its \(part.name) is \(value), the coordinator's \(part.value)"
        }
        guard values.count == parts.count else {
            return "it answers for \(values.count) parts of it, the coordinator has \(parts.count)"
        }
        return nil
    }
}

extension RunDigest: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init([Part("digest", value)]) }
}
