import FlyingFox
import FlyingSocks
import Foundation
import Glibc
import Synchronization

/// Serves a board's page over HTTP, on threads of its own, until it is stopped.
///
/// What clients can take is bounded: connections by number and patience; and where it ends all the same, or its owner
/// finds that memory runs short, `shed` closes all of them, and browsers come back by themselves.
package final class PageServer: Sendable {
    /// Where it listens: with the port that was chosen where any would do.
    package let address: DashboardAddress
    private let board: PageBoard
    private let limits: Limits
    private let state: Mutex<State>

    private struct State {
        var server: HTTPServer
    }

    private struct Limits {
        var patience: Duration
        var largestDescriptor: Int32
    }

    /// Returns when it listens. Blocks the calling thread, for a moment.
    package init(
        _ board: PageBoard, at wanted: DashboardAddress, patience: Duration = .seconds(20),
        largestDescriptor: Int32 = 255
    ) throws(DashboardError) {
        self.board = board
        self.limits = Limits(patience: patience, largestDescriptor: largestDescriptor)
        let first = Self.server(board, at: wanted, limits)
        state = Mutex(State(server: first))
        address = try Self.start(first, at: wanted)
    }

    private static func server(_ board: PageBoard, at address: DashboardAddress, _ limits: Limits) -> HTTPServer {
        var internet = sockaddr_in.inet(port: address.port)
        inet_pton(AF_INET, address.host, &internet.sin_addr)
        let pool = PatientPool(
            .ePoll(), patience: limits.patience, largestDescriptor: limits.largestDescriptor)
        return HTTPServer(
            config: HTTPServer.Configuration(address: internet, pool: pool, logger: .disabled),
            handler: PageHandler(board, at: address))
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
            try? await server.waitUntilListening()
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
        case .failure(let error): throw .refused(wanted, reason: error.localizedDescription)
        }
    }

    /// Whether it still listens; it stops when the process has no files left for connections.
    package var isListening: Bool {
        let server = state.withLock { $0.server }
        return Promise.result { await server.isListening }
    }

    /// Closes every connection and listens anew.
    package func shed() {
        let old = state.withLock { $0.server }
        Promise.result { await old.stop() }
        let new = Self.server(board, at: address, limits)
        guard (try? Self.start(new, at: address)) != nil else { return }
        state.withLock { $0.server = new }
    }

    /// Returns when nothing of it is left.
    package func stop() {
        let server = state.withLock { $0.server }
        Promise.result { await server.stop() }
    }
}
