/// Which ranks a connection may register as, by what it has proved to know.
package enum Grant: Hashable, Sendable {
    /// It knows the run's secret.
    case anyRank
    /// It has this worker's key.
    case rank(Int)

    /// As ZeroMQ hands it on with each message of the connection.
    var text: String {
        switch self {
        case .anyRank: "any"
        case .rank(let rank): "\(rank)"
        }
    }

    init?(_ text: String) {
        if text == "any" {
            self = .anyRank
        } else {
            guard let rank = Int(text), rank >= 0 else { return nil }
            self = .rank(rank)
        }
    }
}
