import Testing
import Transport

@Suite struct RendezvousTests {
    static let forward = LinkDeclaration(id: 0, from: 0, to: 1, credit: 2, maxPayload: 64)
    static let backward = LinkDeclaration(id: 1, from: 1, to: 0, credit: 2, maxPayload: 64)

    func peer(_ rank: Int) -> Rendezvous.Peer { Rendezvous.Peer([0, UInt8(rank)]) }

    func hello(
        _ rank: Int, digest: String = "d", links: [LinkDeclaration] = [forward, backward]
    ) -> Hello {
        let sockets = links.map { link in
            BoundSocket(link, link.source == rank ? .credit : .data, address: "ipc:///s/\(link.id)-\(rank)")
        }
        return Hello(rank: rank, process: Int32(100 + rank), host: "here", values: [digest], sockets: sockets)
    }

    @Test func `when all have registered all connect, and when all are connected all go`() {
        var rendezvous = Rendezvous(world: 2, digest: "d")
        #expect(rendezvous.receive(hello(1), from: peer(1)) == [.registered(rank: 1)])
        #expect(rendezvous.missing == [0])
        let actions = rendezvous.receive(hello(0), from: peer(0))
        #expect(
            actions == [
                .registered(rank: 0),
                .introduce(
                    peer(0),
                    [
                        BoundSocket(Self.forward, .data, address: "ipc:///s/0-1"),
                        BoundSocket(Self.backward, .credit, address: "ipc:///s/1-1"),
                    ], keys: [:]),
                .introduce(
                    peer(1),
                    [
                        BoundSocket(Self.forward, .credit, address: "ipc:///s/0-0"),
                        BoundSocket(Self.backward, .data, address: "ipc:///s/1-0"),
                    ], keys: [:]),
            ])
        #expect(rendezvous.stage == .connecting)
        #expect(rendezvous.ready(from: peer(0)).isEmpty)
        #expect(rendezvous.missing == [1])
        #expect(rendezvous.ready(from: peer(0)).isEmpty)
        #expect(rendezvous.ready(from: peer(1)) == [.go([peer(0), peer(1)])])
        #expect(rendezvous.stage == .running)
    }

    @Test func `a run of one rank waits for no other`() {
        var rendezvous = Rendezvous(world: 1, digest: "d")
        #expect(
            rendezvous.receive(hello(0, links: []), from: peer(0)) == [
                .registered(rank: 0), .introduce(peer(0), [], keys: [:]),
            ])
        #expect(rendezvous.ready(from: peer(0)) == [.go([peer(0)])])
    }

    private func refusal(_ actions: [Rendezvous.Action]) -> String {
        guard actions.count == 1, case .refuse(_, let text) = actions[0] else { return "accepted: \(actions)" }
        return text
    }

    @Test func `a worker of another run is refused with the reason`() {
        var rendezvous = Rendezvous(world: 2, digest: "d")
        _ = rendezvous.receive(hello(0), from: peer(0))
        #expect(
            refusal(rendezvous.receive(hello(0), from: peer(7))) == "rank 0 is already taken by process 100 on here")
        #expect(refusal(rendezvous.receive(hello(9), from: peer(7))) == "rank 9 is not one of 0 to 1")
        #expect(refusal(rendezvous.receive(hello(1), from: peer(0))).contains("already registered as rank 0"))
        let other = refusal(rendezvous.receive(hello(1, digest: "e"), from: peer(7)))
        #expect(other == "rank 1 runs another configuration: its digest is e, the coordinator's d")
        #expect(rendezvous.missing == [1])
        _ = rendezvous.receive(hello(1), from: peer(1))
        #expect(refusal(rendezvous.receive(hello(1), from: peer(7))) == "the run has already started")
        #expect(rendezvous.peer(of: 1) == peer(1))
    }

    @Test func `a key registers as its own rank alone, and its rank's peers learn the key of its links`() {
        var rendezvous = Rendezvous(world: 3, digest: "d")
        var hellos = [hello(0), hello(1), hello(2, links: [])]
        for rank in hellos.indices { hellos[rank].key = PublicKey(bytes: [UInt8](repeating: UInt8(rank), count: 32)) }
        #expect(
            refusal(rendezvous.receive(hellos[1], from: peer(1), grant: .rank(2)))
                == "it wants to be rank 1 with the key of worker 2")
        _ = rendezvous.receive(hellos[1], from: peer(1), grant: .rank(1))
        _ = rendezvous.receive(hellos[0], from: peer(0), grant: .anyRank)
        let keys = rendezvous.receive(hellos[2], from: peer(2), grant: .rank(2)).compactMap { action in
            if case .introduce(_, _, let keys) = action { keys } else { nil }
        }
        #expect(keys.map(\.keys).map(Array.init) == [[1], [0], []])
        #expect(keys[0][1] == hellos[1].key && keys[1][0] == hellos[0].key)
    }

    @Test func `the missing ranks are listed`() {
        var rendezvous = Rendezvous(world: 5, digest: "d")
        for rank in [0, 3] { _ = rendezvous.receive(hello(rank, links: []), from: peer(rank)) }
        #expect("\(rendezvous.timedOut(seconds: 30))" == "ranks 1, 2 and 4 of 5 did not register within 30.0 s")
        for rank in [1, 2, 4] { _ = rendezvous.receive(hello(rank, links: []), from: peer(rank)) }
        for rank in [0, 1, 3, 4] { _ = rendezvous.ready(from: peer(rank)) }
        #expect("\(rendezvous.timedOut(seconds: 30))" == "rank 2 of 5 did not connect all links within 30.0 s")
    }

    @Test func `a rank that leaves before the start can be taken again`() {
        var rendezvous = Rendezvous(world: 2, digest: "d")
        _ = rendezvous.receive(hello(0), from: peer(0))
        #expect(rendezvous.lost(peer(0)) == 0)
        #expect(rendezvous.lost(peer(5)) == nil)
        #expect(rendezvous.receive(hello(0), from: peer(8)) == [.registered(rank: 0)])
    }

    @Test func `ends that declare a link differently are named`() {
        var rendezvous = Rendezvous(world: 2, digest: "d")
        _ = rendezvous.receive(hello(0), from: peer(0))
        let generous = LinkDeclaration(id: 0, from: 0, to: 1, credit: 3, maxPayload: 64)
        let actions = rendezvous.receive(hello(1, links: [generous, Self.backward]), from: peer(1))
        guard case .broken(let text) = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(text.contains("credit 2") && text.contains("credit 3"), "\(text)")

        rendezvous = Rendezvous(world: 2, digest: "d")
        _ = rendezvous.receive(hello(0), from: peer(0))
        let alone = rendezvous.receive(hello(1, links: [Self.forward]), from: peer(1))
        #expect(alone.last == .broken("link 1, rank 1 → rank 0: rank 0 declares it, rank 1 does not"))
    }

    @Test func `silence is a function of the clock`() {
        let second: UInt64 = 1_000_000_000
        var liveness = Liveness(world: 3)
        #expect(liveness.silentRanks(at: 100 * second).isEmpty)
        liveness.heard(0, at: 10 * second)
        liveness.heard(1, at: 12 * second)
        #expect(liveness.silentRanks(at: 15 * second).isEmpty)
        #expect(liveness.silentRanks(at: 16 * second) == [0])
        #expect(liveness.silentRanks(at: 18 * second) == [0, 1])
        liveness.heard(0, at: 18 * second)
        liveness.forget(1)
        #expect(liveness.silentRanks(at: 19 * second).isEmpty)
        #expect(liveness.lastSeen(0) == 18 * second)
    }

    @Test(arguments: ["tcp://127.0.0.1:5555", "tcp://[::1]:0", "ipc:///tmp/x", "tcp://127.1.2.3:*"])
    func `this machine is allowed`(address: String) throws { try Address.check(address) }

    @Test(arguments: [
        ("tcp://10.0.0.1:5555", "another machine"), ("tcp://*:5555", "another machine"),
        ("tcp://0.0.0.0:1", "another machine"),
        ("tcp://localhost.evil:1", "another machine"), ("tcp://127.0.0.1.evil.org:1", "another machine"),
        ("tcp://127.0.0.1:99999", "port"), ("tcp://127.0.0.1", "HOST:PORT"), ("udp://127.0.0.1:1", "expected"),
        ("ipc://relative", "absolute"), ("", "expected"),
    ])
    func `other places are refused with the reason`(address: String, reason: String) throws {
        let error = try #require(throws: TransportError.self) { try Address.check(address) }
        #expect("\(error)".contains(reason), "\(error)")
    }
}
