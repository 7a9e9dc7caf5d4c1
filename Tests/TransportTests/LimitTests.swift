import Testing
import Transport

private let second: UInt64 = 1_000_000_000

@Suite struct ConnectionLedgerTests {
    private let worker = Rendezvous.Peer([1])
    private let other = Rendezvous.Peer([2])

    /// The system gave the stranger's descriptor to a worker before the stranger's end was told.
    @Test func `the end of a stranger whose number a worker got is not the worker's`() {
        var ledger = ConnectionLedger()
        ledger.spoke(worker, over: 9)
        ledger.accepted(9)
        ledger.over(9)
        ledger.accepted(9)
        ledger.settle()
        #expect(ledger.takeEnded() == [])
        ledger.over(9)
        ledger.settle()
        #expect(ledger.takeEnded() == [worker])
    }

    @Test func `a worker that spoke and ended before anybody looked has ended`() {
        var ledger = ConnectionLedger()
        ledger.spoke(worker, over: 9)
        ledger.accepted(9)
        ledger.over(9)
        ledger.settle()
        #expect(ledger.takeEnded() == [worker])
        #expect(!ledger.hasEnded)
    }

    @Test func `two workers that had one number after each other end one by one`() {
        var ledger = ConnectionLedger()
        ledger.accepted(9)
        ledger.spoke(worker, over: 9)
        ledger.settle()
        ledger.over(9)
        ledger.accepted(9)
        ledger.spoke(other, over: 9)
        ledger.settle()
        #expect(ledger.takeEnded() == [worker])
        ledger.spoke(other, over: 9)
        ledger.over(9)
        ledger.settle()
        #expect(ledger.takeEnded() == [other])
    }

    @Test func `of too many strangers the oldest are shut, once, and no worker`() {
        var ledger = ConnectionLedger()
        ledger.accepted(1)
        ledger.spoke(worker, over: 1)
        for descriptor: Int32 in 2...11 { ledger.accepted(descriptor) }
        ledger.settle()
        #expect(ledger.evict(beyond: 7) == [2, 3, 4])
        #expect(ledger.evict(beyond: 10) == [])
        for descriptor: Int32 in 2...4 { ledger.over(descriptor) }
        ledger.settle()
        #expect(ledger.evict(beyond: 7) == [] && ledger.strangers == 7)
        #expect(ledger.takeEnded() == [])
    }

    /// The monitor tells of a failed handshake, and next of the end of the connection that it was.
    @Test func `who failed a handshake is told by the address of the connection that ends next`() {
        var ledger = ConnectionLedger()
        ledger.accepted(5, from: "10.0.0.5")
        ledger.accepted(6, from: "10.0.0.6")
        ledger.accepted(7)
        ledger.failed()
        ledger.over(6)
        ledger.over(5)
        ledger.failed()
        ledger.over(7)
        ledger.settle()
        #expect(ledger.takeRefusals() == ["10.0.0.6", nil])
        #expect(ledger.takeRefusals() == [])
    }

    @Test func `those that a port has let in are not shut`() {
        var ledger = ConnectionLedger()
        ledger.accepted(1)
        ledger.admitAll()
        for descriptor: Int32 in 2...5 { ledger.accepted(descriptor) }
        ledger.settle()
        #expect(ledger.evict(beyond: 2) == [2, 3])
    }

    @Test func `strangers that come and go leave nothing`() {
        var ledger = ConnectionLedger()
        for number in 0..<1000 {
            ledger.accepted(Int32(number % 7))
            ledger.over(Int32(number % 7))
            ledger.over(Int32(number % 7))
        }
        ledger.settle()
        #expect(ledger.strangers == 0 && !ledger.hasEnded)
    }
}

@Suite struct NoteLimitTests {
    @Test func `a flood is one line and then a count`() {
        var limit = NoteLimit(burst: 1)
        var lines: [Int] = []
        for number in 0..<10_000 {
            if let count = limit.happened(at: UInt64(number) * second / 1000) { lines.append(count) }
        }
        #expect(lines == [1])
        #expect(limit.due(at: 10 * second) == 9999)
        #expect(limit.due(at: 11 * second) == nil)
    }

    @Test func `a line names where strangers came from, a few of them`() {
        var notes = StrangerNotes(place: "tcp://10.0.0.1:5")
        #expect(
            notes.refused(["10.0.0.7"], at: second) == "a connection to tcp://10.0.0.1:5 from 10.0.0.7 was refused: "
                + "whoever made it does not belong to this run")
        for host in 1...9 { #expect(notes.refused(["10.0.1.\(host)", "10.0.1.1", nil], at: 2 * second) == nil) }
        let line = notes.due(at: 12 * second)
        #expect(
            line?.hasPrefix("27 connections to tcp://10.0.0.1:5 from 10.0.1.1, 10.0.1.2, 10.0.1.3 were refused") == true
        )
        #expect(notes.due(at: 60 * second) == nil)
    }

    @Test func `a few at once are each told`() {
        var limit = NoteLimit(burst: 3)
        #expect((0..<5).map { _ in limit.happened(at: second) } == [1, 1, 1, nil, nil])
        #expect(limit.due(at: 20 * second) == 2)
    }
}

@Suite struct JoinWatchTests {
    private func watch(_ limit: Duration = .seconds(120)) -> JoinWatch {
        JoinWatch(address: "tcp://127.0.0.1:5", limit: limit, at: 0)
    }

    @Test func `every ten seconds it says what it waits for`() throws {
        var watch = watch()
        #expect(watch.nextLook(after: 0) == 10 * second)
        #expect(try watch.look(.unreachable, at: 9 * second) == nil)
        #expect(
            try watch.look(.unreachable, at: 10 * second) == """
                waiting for the coordinator at tcp://127.0.0.1:5: nothing answers there; compare the port with the line that \
                train printed, and see that it still runs
                """)
        #expect(try watch.look(.unreachable, at: 19 * second) == nil)
        let refused = try watch.look(.refused, at: 20 * second)
        #expect(refused?.contains("not this run's coordinator") == true)
        let connected = try watch.look(.connected, at: 30 * second)
        #expect(connected == "waiting for the run's other workers; the coordinator at tcp://127.0.0.1:5 is here")
    }

    /// The coordinator waits for an hour: a worker that gave up after two minutes ended the run of those who were late.
    @Test func `a worker waits as long as its connection stands`() throws {
        var watch = watch()
        #expect(try watch.look(.connected, at: 3599 * second) != nil)
        #expect(watch.nextLook(after: 3599 * second) == 3609 * second)
    }

    @Test func `it gives up on a coordinator that it cannot reach`() {
        var watch = watch()
        let error = #expect(throws: TransportError.self) { _ = try watch.look(.unreachable, at: 120 * second) }
        #expect("\(error.map { "\($0)" } ?? "")".hasSuffix("still runs within 120.0 s"))
    }
}

@Suite struct OutboxTests {
    @Test func `it is full by bytes or by number, and takes a message of any size before that`() {
        var outbox = Outbox()
        #expect(outbox.hasRoom && outbox.isEmpty)
        outbox.append(.application([UInt8](repeating: 0, count: Outbox.byteLimit), more: false))
        #expect(!outbox.hasRoom)
        outbox.removeFirst()
        #expect(outbox.hasRoom && outbox.byteCount == 0)
        for _ in 0..<Outbox.countLimit { outbox.append(.ready) }
        #expect(!outbox.hasRoom && !outbox.isHalfEmpty)
        outbox.removeFirst()
        #expect(outbox.hasRoom && !outbox.isHalfEmpty)
    }
}

@Suite struct RunSecretTests {
    @Test func `it is read as it is written, and no description shows it`() {
        let secret = RunSecret()
        #expect(RunSecret(secret.text) == secret)
        #expect(RunSecret(" \(secret.text)\n") == secret)
        #expect(secret.text.count == 64 && RunSecret() != secret)
        #expect(!"\(secret)".contains(secret.text.prefix(8)))
        for wrong in ["", "ab", secret.text + "0", secret.text.dropLast() + "g", "\u{ff10}" + secret.text.dropFirst()] {
            #expect(RunSecret(wrong) == nil, "\(wrong)")
        }
    }
}

@Suite struct RunDigestTests {
    @Test func `the part that differs is named with both values`() {
        let digest = RunDigest([.init("version", "1"), .init("weights file /w", "5 bytes, hash a")])
        #expect(digest.objection(to: ["1", "5 bytes, hash a"]) == nil)
        #expect(
            digest.objection(to: ["1", "5 bytes, hash b"])
                == "its weights file /w is 5 bytes, hash b, the coordinator's 5 bytes, hash a")
        #expect(digest.objection(to: ["2"]) == "its version is 2, the coordinator's 1")
        #expect(digest.objection(to: ["1"])?.contains("1 parts") == true)
    }
}

@Suite struct AddressNameTests {
    @Test(arguments: [
        ("tcp://127.0.0.1:5", "tcp://127.0.0.1:5"), ("tcp://[::1]:5", "tcp://[::1]:5"), ("ipc:///a", "ipc:///a"),
        ("tcp://localhost:5", "tcp://127.0.0.1:5"),
    ])
    func `this machine's names become numbers`(address: String, number: String) throws {
        #expect(try Address.resolve(address) == number)
    }

    @Test(arguments: ["tcp://10.0.0.1:5", "tcp://*:5", "tcp://:5", "tcp://0.0.0.0:5"])
    func `other machines are refused`(address: String) {
        let error = #expect(throws: TransportError.self) { _ = try Address.resolve(address) }
        #expect(error.map { "\($0)" }?.contains("another machine") == true)
    }

    @Test func `with keys any one address will do, and all of them together will not`() throws {
        for address in ["tcp://10.0.0.1:5", "tcp://[fd00::2]:5", "tcp://127.0.0.1:5"] {
            #expect(try Address.resolve(address, elsewhere: true) == address)
            try Address.check(address, elsewhere: true)
        }
        for address in ["tcp://*:5", "tcp://0.0.0.0:5", "tcp://[::]:5", "tcp://:5"] {
            let error = #expect(throws: TransportError.self) { _ = try Address.resolve(address, elsewhere: true) }
            #expect(error.map { "\($0)" }?.contains("no single address") == true)
        }
        #expect(try Address.host(of: "tcp://[fd00::2]:5") == "[fd00::2]")
    }

    @Test func `what was typed is shown without effect`() {
        let error = #expect(throws: TransportError.self) { _ = try Address.resolve("tcp://\u{1b}[31m:x") }
        #expect(error.map { "\($0)" }?.contains("\u{1b}") == false)
    }
}
