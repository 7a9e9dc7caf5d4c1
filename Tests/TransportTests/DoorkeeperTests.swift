import Testing
import Transport

@Suite struct DoorkeeperTests {
    /// As ZeroMQ asks: envelope, version, request, domain, address, identity, mechanism, credentials.
    private func question(
        _ door: String, _ mechanism: String, _ credentials: [[UInt8]], version: String = "1.0", request: UInt8 = 7
    ) -> [[UInt8]] {
        [[9, request], [], Array(version.utf8), [request], Array(door.utf8), Array("10.0.0.7".utf8), []]
            + [Array(mechanism.utf8)] + credentials
    }

    private func status(_ answer: [[UInt8]]?) -> String {
        guard let answer, answer.count == 8 else { return "no answer" }
        return String(decoding: answer[4], as: UTF8.self)
    }

    private func user(_ answer: [[UInt8]]?) -> String {
        guard let answer, answer.count == 8 else { return "no answer" }
        return String(decoding: answer[6], as: UTF8.self)
    }

    @Test func `only who knows the password is let in`() {
        let (mine, other) = (RunSecret(), RunSecret())
        var keeper = Doorkeeper()
        #expect(keeper.decide(.password(mine.text), at: "ipc").isEmpty)
        func status(_ mechanism: String, _ given: [[UInt8]], version: String = "1.0") -> String {
            let answer = keeper.receive(question("ipc", mechanism, given, version: version))
            #expect(answer?[0] == [9, 7] && answer?[3] == [7])
            return self.status(answer)
        }
        #expect(status("PLAIN", [Array("run".utf8), Array(mine.text.utf8)]) == "200")
        #expect(keeper.takeRefusals() == [])
        #expect(status("PLAIN", [Array("run".utf8), Array(other.text.utf8)]) == "400")
        #expect(status("PLAIN", [Array(mine.text.utf8)]) == "400")
        #expect(status("PLAIN", [Array("run".utf8), Array(mine.text.utf8)], version: "2.0") == "400")
        #expect(status("NULL", []) == "400")
        #expect(status("CURVE", [mine.bytes]) == "400")
        #expect(status("CURVE", []) == "400")
        #expect(keeper.takeRefusals() == Array(repeating: "10.0.0.7", count: 6))
    }

    @Test func `a key opens its own door, as its owner's rank, and no other`() throws {
        let keys = try (0..<3).map { _ in try CurvePair().publicKey }
        var keeper = Doorkeeper()
        _ = keeper.decide(.keys([keys[0]: .rank(4)]), at: "port")
        _ = keeper.decide(.keys([keys[1]: .anyRank]), at: "link 0")
        let known = keeper.receive(question("port", "CURVE", [keys[0].bytes]))
        #expect(status(known) == "200" && user(known) == "4")
        #expect(user(keeper.receive(question("link 0", "CURVE", [keys[1].bytes]))) == "any")
        for (door, key) in [
            ("port", keys[1]), ("link 0", keys[0]), ("port", keys[2]), ("elsewhere", keys[0]), ("", keys[0]),
        ] {
            let answer = keeper.receive(question(door, "CURVE", [key.bytes]))
            #expect(status(answer) == "400" && user(answer) == "", "\(door)")
        }
        #expect(status(keeper.receive(question("port", "NULL", []))) == "400")
        #expect(status(keeper.receive(question("port", "PLAIN", [[], keys[0].bytes]))) == "400")
    }

    /// A link's peer hears of its port from the coordinator a moment before the port's owner hears of the peer's key.
    @Test func `who comes before the rule is known waits for it`() throws {
        let (peer, stranger) = (try CurvePair().publicKey, try CurvePair().publicKey)
        var keeper = Doorkeeper()
        _ = keeper.decide(.undecided, at: "link 0")
        _ = keeper.decide(.undecided, at: "link 1")
        #expect(keeper.receive(question("link 0", "CURVE", [stranger.bytes], request: 1)) == nil)
        #expect(keeper.receive(question("link 0", "CURVE", [peer.bytes], request: 2)) == nil)
        #expect(keeper.receive(question("link 1", "CURVE", [peer.bytes], request: 3)) == nil)
        let answers = keeper.decide(.keys([peer: .anyRank]), at: "link 0")
        #expect(answers.map { $0[3] } == [[1], [2]])
        #expect(answers.map(status) == ["400", "200"])
        #expect(keeper.decide(.keys([peer: .anyRank]), at: "link 0").isEmpty)
    }

    @Test func `few may wait, and the oldest is refused for the newest`() {
        var keeper = Doorkeeper()
        _ = keeper.decide(.undecided, at: "link 0")
        let answers = (0..<100).map { keeper.receive(question("link 0", "CURVE", [], request: UInt8($0))) }
        #expect(answers.prefix(64).allSatisfy { $0 == nil })
        #expect(answers[64]?[3] == [0] && status(answers[64]) == "400")
        #expect(keeper.decide(.keys([:]), at: "link 0").count == 64)
    }

    @Test func `no question makes it trap`() {
        var keeper = Doorkeeper()
        _ = keeper.decide(.keys([:]), at: "a")
        for count in 0..<12 {
            for part in [[], [1], Array("a".utf8), [UInt8](repeating: 0, count: 32), Array("CURVE".utf8)] {
                let answer = keeper.receive(Array(repeating: part, count: count))
                #expect(answer == nil || status(answer) == "400")
            }
        }
    }

    @Test func `a key is read as it is written, and a pair's description hides its secret`() throws {
        let pair = try CurvePair()
        #expect(PublicKey(pair.publicKey.text) == pair.publicKey)
        #expect(try CurvePair(pair.secret) == pair)
        #expect(!"\(pair)".contains(pair.secret.text.prefix(8)))
        #expect(PublicKey("ab") == nil && PublicKey(bytes: []) == nil)
    }
}
