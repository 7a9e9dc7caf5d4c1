@testable import Dashboards

extension FuzzTarget {
    static let dashboards = [
        FuzzTarget("http-request") { bytes in
            guard let request = try PageRequest(bytes) else { return }
            for address in [DashboardAddress(port: 8080), DashboardAddress(host: "0.0.0.0", port: 8080)] {
                let access = PageAccess(address)
                for isLocal in [true, false] { _ = access.verdict(on: request, isLocal: isLocal) }
            }
        }
    ]
}
