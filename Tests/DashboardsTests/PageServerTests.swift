import Dashboards
import Foundation
import TestSupport
import Testing

/// The server on the loopback address, asked by plain sockets.
@Suite(.serialized) struct PageServerTests {
    private let board = PageBoard()

    private func publish(_ page: String, isNewReport: Bool = false, isLast: Bool = false) {
        board.publish(page: Array(page.utf8), status: "\"\(page)\"", isNewReport: isNewReport, isLast: isLast)
    }

    private func server(_ change: (inout PageServer.Limits) -> Void = { _ in }) throws -> PageServer {
        publish("first")
        var limits = PageServer.Limits()
        change(&limits)
        return try PageServer(board, at: DashboardAddress(port: 0), limits: limits)
    }

    private func answer(
        _ server: PageServer, _ path: String, method: String = "GET", host: String? = nil
    ) throws -> String {
        let connection = try Connection(to: server.address.port)
        try connection.ask(path, method: method, host: host)
        return try connection.read()
    }

    @Test func `the page is the newest one`() async throws {
        try await offPool {
            let server = try server()
            defer { server.stop() }
            #expect(server.address.port != 0)
            let first = try answer(server, "/")
            #expect(first.hasPrefix("HTTP/1.1 200 OK\r\n") && first.hasSuffix("\r\n\r\nfirst"))
            #expect(first.contains("Content-Type: text/html; charset=utf-8"))
            publish("second")
            #expect(try answer(server, "/?x=1").hasSuffix("second"))
        }
    }

    @Test func `what is asked otherwise is refused`() async throws {
        try await offPool {
            let server = try server()
            defer { server.stop() }
            #expect(try answer(server, "/etc/passwd").hasPrefix("HTTP/1.1 404"))
            #expect(try answer(server, "/../x").hasPrefix("HTTP/1.1 404"))
            #expect(try answer(server, "/", method: "POST").hasPrefix("HTTP/1.1 405"))
            let head = try answer(server, "/", method: "HEAD")
            #expect(head.contains("Content-Length: 5\r\n") && head.hasSuffix("\r\n\r\n"))
        }
    }

    /// A page from elsewhere can point its own name at this machine, and its script would be let read what it finds.
    @Test func `only names of this machine are answered`() async throws {
        try await offPool {
            let server = try server()
            defer { server.stop() }
            let port = server.address.port
            for host in ["evil.example:\(port)", "localhost", "localhost:1", "127.0.0.1.evil.example:\(port)", ""] {
                #expect(try answer(server, "/", host: host).hasPrefix("HTTP/1.1 421"), "\(host)")
            }
            for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
                #expect(try answer(server, "/", host: "\(host):\(port)").hasPrefix("HTTP/1.1 200"), "\(host)")
            }
            let nameless = try Connection(to: port)
            try nameless.send("GET / HTTP/1.0\r\n\r\n")
            #expect(try nameless.read().hasPrefix("HTTP/1.1 421"))
        }
    }

    @Test func `events tell of changes until the end`() async throws {
        try await offPool {
            let server = try server()
            defer { server.stop() }
            let listener = try Connection(to: server.address.port)
            try listener.ask("/events")
            let first = try listener.read(until: "event: report")
            #expect(first.contains("Content-Type: text/event-stream"))
            #expect(first.contains("event: status\ndata: \"first\"\n\n"))
            publish("second")
            let second = try listener.read(until: "second")
            #expect(second.contains("event: status\ndata: \"second\"\n\n") && !second.contains("report"))
            publish("second", isNewReport: true)
            #expect(try listener.read(until: "event: report").contains("event: report\ndata: 1\n\n"))
            publish("third", isLast: true)
            let last = try listener.read()
            #expect(last.hasSuffix("event: end\ndata: 1\n\n"))
            #expect(board.listenerCount == 0)
        }
    }

    @Test func `who comes after the end is told so`() async throws {
        try await offPool {
            let server = try server()
            defer { server.stop() }
            publish("done", isLast: true)
            #expect(try answer(server, "/events").contains("event: end"))
            #expect(try answer(server, "/").hasSuffix("done"))
        }
    }

    @Test func `a taken port is named`() async throws {
        try await offPool {
            let server = try server()
            defer { server.stop() }
            let error = #expect(throws: DashboardError.self) { try PageServer(PageBoard(), at: server.address) }
            #expect(error == .taken(server.address))
            #expect(error?.description.contains("port \(server.address.port) is taken") == true)
        }
    }

    @Test func `an address of another machine is refused`() async throws {
        try await offPool {
            let error = #expect(throws: DashboardError.self) {
                try PageServer(PageBoard(), at: DashboardAddress(host: "192.0.2.1", port: 0))
            }
            guard case .refused(let address, let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(address.host == "192.0.2.1" && !reason.isEmpty)
        }
    }

    /// Each edition replaces the one before it that was not yet sent.
    @Test func `who does not read holds nothing up and is given up`() async throws {
        try await offPool {
            let server = try server { $0.stall = .milliseconds(300) }
            defer { server.stop() }
            let deaf = try Connection(to: server.address.port)
            try deaf.ask("/events")
            let large = String(repeating: "x", count: 4 << 20)
            var editions = 0
            let deadline = ContinuousClock.now + .seconds(20)
            while board.listenerCount > 0 || editions < 2, ContinuousClock.now < deadline {
                publish(large + "\(editions)")
                editions += 1
                #expect(try answer(server, "/nothing").hasPrefix("HTTP/1.1 404"))
            }
            #expect(board.listenerCount == 0)
        }
    }

    @Test func `who says nothing is given up`() async throws {
        try await offPool {
            let server = try server { $0.head = .milliseconds(100) }
            defer { server.stop() }
            let mute = try Connection(to: server.address.port)
            #expect(try mute.read().isEmpty)
            let slow = try Connection(to: server.address.port)
            try slow.send("GET / HT")
            #expect(try slow.read().isEmpty)
        }
    }

    @Test func `stopping ends every connection`() async throws {
        try await offPool {
            let server = try server()
            let listener = try Connection(to: server.address.port)
            try listener.ask("/events")
            _ = try listener.read(until: "event: status")
            let mute = try Connection(to: server.address.port)
            server.stop()
            _ = try listener.read()
            #expect(try mute.read().isEmpty)
            #expect(throws: Connection.Failure.self) { try Connection(to: server.address.port) }
        }
    }
}
