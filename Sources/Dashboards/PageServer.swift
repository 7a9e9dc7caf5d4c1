import FlyingFox
import FlyingSocks
import Glibc

/// Serves a board's page over HTTP, on threads of its own, until it is stopped.
///
/// What a connection can take is bounded by patience, and connections by number.
package final class PageServer: Sendable {
    /// Where it listens: with the port that was chosen where any would do.
    package let address: DashboardAddress
    private let server: HTTPServer

    /// Returns when it listens. Blocks the calling thread, for a moment.
    /// - Parameter largestDescriptor: connections that would have a larger one are closed.
    package init(
        _ board: PageBoard, at wanted: DashboardAddress, patience: Duration = .seconds(20),
        largestDescriptor: Int32 = 255
    ) throws(DashboardError) {
        var internet = sockaddr_in.inet(port: wanted.port)
        inet_pton(AF_INET, wanted.host, &internet.sin_addr)
        let pool = PatientPool(.ePoll(), patience: patience, largestDescriptor: largestDescriptor)
        server = HTTPServer(
            config: HTTPServer.Configuration(address: internet, pool: pool, logger: .disabled),
            handler: PageHandler(board, at: wanted))
        address = try Self.start(server, at: wanted)
    }

    private static func start(
        _ server: HTTPServer, at wanted: DashboardAddress
    ) throws(DashboardError) -> DashboardAddress {
        let listening = Promise<Result<UInt16, SocketError>>()
        Task.detached {
            do {
                try await server.run()
            } catch {
                listening.keep(.failure(error as? SocketError ?? .disconnected))
            }
        }
        Task.detached {
            try? await server.waitUntilListening(timeout: 60)
            if case .ip4(_, let port)? = await server.listeningAddress {
                listening.keep(.success(port))
            } else {
                listening.keep(.failure(.timeout(message: "it does not listen")))
            }
        }
        switch listening.wait() {
        case .success(let port): return DashboardAddress(host: wanted.host, port: port)
        case .failure(.failed(_, EADDRINUSE, _)): throw .taken(wanted)
        case .failure(.failed(_, _, let reason)): throw .refused(wanted, reason: reason)
        case .failure(let error): throw .refused(wanted, reason: "\(error)")
        }
    }

    /// Whether it still listens, and finds time to say so.
    package var isListening: Bool { Promise.result(within: 3) { [server] in await server.isListening } ?? false }

    /// Closes every connection. Returns when nothing of it is left, or after a moment that should have been enough.
    package func stop() { _ = Promise.result(within: 2) { [server] in await server.stop() } }
}
