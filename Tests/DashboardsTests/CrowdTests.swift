import Dashboards
import TestSupport
import Testing

/// Clients that want more than their share, and clients of other machines.
@Suite(.serialized) struct CrowdTests {
    private let board = PageBoard()

    private func server(
        at host: String = DashboardAddress.loopback, isLocal: Bool = true,
        _ change: (inout PageServer.Limits) -> Void = { _ in }
    ) throws -> PageServer {
        board.publish(page: Array("the page".utf8), status: "\"\"", isNewReport: false)
        var limits = PageServer.Limits()
        change(&limits)
        return try PageServer(
            board, at: DashboardAddress(host: host, port: 0), limits: limits, isLocal: { _ in isLocal })
    }

    private func answer(_ server: PageServer, _ path: String = "/", headers: [String] = []) throws -> String {
        let connection = try Connection(to: server.address.port)
        try connection.ask(path, headers: headers)
        return try connection.read()
    }

    @Test func `250 clients that never finish their request shut nobody out`() async throws {
        try await offPool {
            let server = try server { $0.head = .seconds(3600) }
            defer { server.stop() }
            let slow = try (0..<250).map { _ in try Connection(to: server.address.port) }
            for connection in slow { try? connection.send("GET / HT") }
            #expect(try answer(server).hasSuffix("the page"))
            // The first to come was the first to go.
            #expect(try slow[0].read().isEmpty)
        }
    }

    @Test func `whoever is answered stays while slow ones come`() async throws {
        try await offPool {
            let server = try server {
                $0.head = .seconds(3600)
                $0.perAddress = 4
            }
            defer { server.stop() }
            let listener = try Connection(to: server.address.port)
            try listener.ask("/events")
            _ = try listener.read(until: "event: status")
            let slow = try (0..<20).map { _ in try Connection(to: server.address.port) }
            #expect(try slow[0].read().isEmpty)
            #expect(board.listenerCount == 1)
            board.publish(page: [], status: "\"news\"", isNewReport: false)
            #expect(try listener.read(until: "news").contains("news"))
        }
    }

    @Test func `a request has so much time however it trickles in`() async throws {
        try await offPool {
            let server = try server { $0.head = .milliseconds(300) }
            defer { server.stop() }
            let connection = try Connection(to: server.address.port)
            // Each byte is progress, and would win another deadline where that counted from the last byte.
            let start = ContinuousClock.now
            var isClosed = false
            while !isClosed, ContinuousClock.now < start + .seconds(30) {
                isClosed = (try? connection.send("x")) == nil
            }
            #expect(isClosed)
        }
    }

    @Test func `a request without an end is refused, not kept`() async throws {
        try await offPool {
            let server = try server()
            defer { server.stop() }
            let connection = try Connection(to: server.address.port)
            try connection.send("GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: 20_000))
            #expect(try connection.read().hasPrefix("HTTP/1.1 400"))
            for nonsense in ["\r\n\r\n", "GET\r\n\r\n", "GET / SPDY\r\n\r\n", "\u{0}\u{1}\n\n", "GET  HTTP/1.1\n\n"] {
                let other = try Connection(to: server.address.port)
                try other.send(nonsense)
                #expect(try other.read().hasPrefix("HTTP/1.1 400"), "\(nonsense)")
            }
        }
    }

    @Test func `a body is not waited for`() async throws {
        try await offPool {
            let server = try server()
            defer { server.stop() }
            let connection = try Connection(to: server.address.port)
            try connection.ask("/", method: "POST", headers: ["Content-Length: 9223372036854775807"])
            #expect(try connection.read().hasPrefix("HTTP/1.1 405"))
        }
    }

    @Test func `of too many listeners the oldest goes`() async throws {
        try await offPool {
            let server = try server { $0.listeners = 2 }
            defer { server.stop() }
            let listeners = try (0..<3).map { _ in
                let listener = try Connection(to: server.address.port)
                try listener.ask("/events")
                _ = try listener.read(until: "event: report")
                return listener
            }
            #expect(try listeners[0].read().isEmpty)
            withExtendedLifetime(listeners) { #expect(board.listenerCount == 2) }
        }
    }

    @Test func `clients of other machines need the token of the printed address`() async throws {
        try await offPool {
            let server = try server(at: "0.0.0.0", isLocal: false)
            defer { server.stop() }
            let url = try #require(server.urls.first)
            let token = try #require(url.split(separator: "=").last)
            #expect(url.hasPrefix("http://127.0.0.1:\(server.address.port)/?token=") && token.count == 32)
            // Each address that was printed has the token: those that others can open too.
            #expect(server.urls.allSatisfy { $0.hasSuffix(":\(server.address.port)/?token=\(token)") })
            let refusal = try answer(server)
            #expect(refusal.hasPrefix("HTTP/1.1 403") && refusal.contains("one of the addresses that echelon printed"))
            #expect(try answer(server, "/events").hasPrefix("HTTP/1.1 403"))
            #expect(try answer(server, "/?token=\(String(token.reversed()))0").hasPrefix("HTTP/1.1 403"))
            let welcome = try answer(server, "/?token=\(token)")
            #expect(welcome.hasPrefix("HTTP/1.1 200") && welcome.hasSuffix("the page"))
            let cookie = try #require(welcome.firstMatch(of: #/Set-Cookie: ([^;]+);/#)?.1)
            #expect(try answer(server, headers: ["Cookie: other=1; \(cookie)"]).hasSuffix("the page"))
            #expect(try answer(server, headers: ["Cookie: \(cookie)0"]).hasPrefix("HTTP/1.1 403"))
        }
    }

    @Test func `served to all, this machine still asks by its own name`() async throws {
        try await offPool {
            let server = try server(at: "0.0.0.0")
            defer { server.stop() }
            #expect(try answer(server).hasSuffix("the page"))
            let other = try Connection(to: server.address.port)
            try other.ask("/", host: "evil.example")
            #expect(try other.read().hasPrefix("HTTP/1.1 421"))
        }
    }
}
