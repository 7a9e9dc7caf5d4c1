/// Decides who may connect to the bound sockets of one context: a state machine without sockets that answers ZeroMQ's
/// questions (ZAP, https://rfc.zeromq.org/spec/27).
///
/// Each address that a socket is bound at has a door, which is its ZAP domain. Whoever comes to a door without a rule is
/// refused; whoever comes to one whose rule is still to be decided waits, since a link's peer may hear of the link's port
/// a moment before the port's owner hears of the peer's key.
package struct Doorkeeper {
    /// Who may pass.
    package enum Rule: Hashable, Sendable {
        /// Who knows the password. It is for sockets in a directory that only the run's owner may enter.
        case password(String)
        /// Who has proved to hold the secret half of one of these.
        case keys([PublicKey: Grant])
        case undecided
    }

    /// Messages to and from the socket of the questions: two parts of envelope, then ZAP's.
    package typealias Message = [[UInt8]]

    private var rules: [String: Rule] = [:]
    private var waiting: [(door: String, question: Message)] = []
    private var refusals: [String?] = []

    /// Questions that may wait. Only who knows a port's public key gets as far as a question.
    static let waitingLimit = 64
    private static let envelope = 2
    private static let version = Array("1.0".utf8)

    package init() {}

    /// Sets a door's rule.
    /// - Returns: the answers that waited for it.
    package mutating func decide(_ rule: Rule, at door: String) -> [Message] {
        rules[door] = rule
        guard rule != .undecided else { return [] }
        let due = waiting.filter { $0.door == door }
        waiting.removeAll { $0.door == door }
        return due.map { answer(to: $0.question, rule) }
    }

    /// A question: envelope, version, request, domain, address, identity, mechanism, credentials.
    /// - Returns: the answer; nil where there is none, or none yet.
    package mutating func receive(_ question: Message) -> Message? {
        guard question.count >= Self.envelope + 2 else { return nil }
        let door =
            question.count > Self.envelope + 2 ? String(decoding: question[Self.envelope + 2], as: UTF8.self) : ""
        guard rules[door] == .undecided else { return answer(to: question, rules[door]) }
        waiting.append((door, question))
        guard waiting.count > Self.waitingLimit else { return nil }
        return answer(to: waiting.removeFirst().question, nil)
    }

    /// Where those came from who were refused since the last call; nil for who came from this machine by ipc.
    package mutating func takeRefusals() -> [String?] {
        defer { refusals = [] }
        return refusals
    }

    /// The answer: envelope, version, request, status, text, user, metadata.
    private mutating func answer(to question: Message, _ rule: Rule?) -> Message {
        let fields = Array(question[Self.envelope...])
        let grant = fields.count >= 6 && fields[0] == Self.version ? rule.flatMap { Self.grant(fields, $0) } : nil
        if grant == nil {
            let address = fields.count > 3 && !fields[3].isEmpty ? String(decoding: fields[3], as: UTF8.self) : nil
            refusals.append(address)
        }
        let head = question[..<Self.envelope] + [Self.version, fields[1]]
        return head + [Array((grant == nil ? "400" : "200").utf8), [], Array((grant?.text ?? "").utf8), []]
    }

    /// What these credentials open, as ZAP tells them: a public key whose secret half the peer has proved to have, or a name
    /// and a password.
    private static func grant(_ fields: [[UInt8]], _ rule: Rule) -> Grant? {
        let mechanism = String(decoding: fields[5], as: UTF8.self)
        let credentials = fields[6...]
        switch rule {
        case .keys(let keys):
            guard mechanism == "CURVE", credentials.count == 1, let key = PublicKey(bytes: fields[6]) else {
                return nil
            }
            return keys[key]
        case .password(let password):
            guard mechanism == "PLAIN", credentials.count == 2, areEqual(fields[7], Array(password.utf8)) else {
                return nil
            }
            return .anyRank
        case .undecided: return nil
        }
    }

    /// In constant time: how long it takes does not depend on where they differ.
    private static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
