/// Why a page cannot be served.
public enum DashboardError: Error, Hashable, Sendable {
    /// Text that is no address.
    case address(got: String)
    /// Somebody else listens there.
    case taken(DashboardAddress)
    /// The operating system refused.
    case refused(DashboardAddress, reason: String)
}

extension DashboardError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .address(let got):
            "dashboard: expected a port (8080; 0: any free one) or an address and a port (0.0.0.0:8080), got \(got)"
        case .taken(let address):
            "dashboard: port \(address.port) is taken: choose another, or 0 for any free one"
        case .refused(let address, let reason):
            "dashboard: cannot listen on \(address): \(reason)"
        }
    }
}
