import Systems
import Testing
import Transport

extension LiveTests {
    @Suite struct LinkTests {
        static let forward = LinkDeclaration(id: 0, from: 0, to: 1, credit: 3, maxPayload: 4 << 20)
        static let backward = LinkDeclaration(id: 0, from: 1, to: 0, credit: 1, maxPayload: 4 << 20)

        @Test(arguments: Medium.allCases)
        func `thousands of messages of all sizes arrive in order, both ways`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.forward, Self.backward])
            defer { rig.stop() }
            try rig.start()
            let sizes = [0, 1, 29, 30, 64, 1000, 4096, 65_536] + [1 << 20, 4 << 20]
            let count = 3000
            let size = { @Sendable (index: Int) in index % 100 == 99 ? sizes[8 + index / 100 % 2] : sizes[index % 8] }
            let source = rig.buffer(count: 4 << 20)
            let tasks = try [(0, 1), (1, 0), (1, 1), (0, 0)].map { rank, isReceiver in
                try Job(name: "compute") { [worker = rig.workers[rank]] in
                    for index in 0..<count {
                        let bytes = UnsafeRawBufferPointer(rebasing: source.view[..<size(index)])
                        let header = header(index, count: bytes.count)
                        if isReceiver == 0 {
                            let ticket = try worker.send(link: 0, header: header, payload: bytes)
                            if index % 7 == 0 { try ticket.wait() }
                        } else {
                            var isSame = false
                            let got = try worker.receive(link: 0, expecting: header) {
                                isSame = $0.elementsEqual(bytes)
                            }
                            #expect(isSame, "message \(index)")
                            #expect(got.sentAt > 0 && got.sentAt <= MonotonicClock.now)
                        }
                    }
                }
            }
            for task in tasks { try task.join() }
            for (worker, outgoing) in [(rig.workers[0], true), (rig.workers[1], false)] {
                let counters = worker.counters(link: 0, outgoing: outgoing)
                #expect(counters.messages == count)
                #expect(counters.bytes == (0..<count).map(size).reduce(0, +))
                #expect((1...3).contains(counters.peakOutstanding))
            }
            #expect(rig.workers[1].counters(link: 0, outgoing: true).peakOutstanding == 1)
            try rig.finish()
            // A worker may leave once the coordinator has heard its goodbye, which is before it tells of it.
            for rank in 0...1 { try rig.coordinator.see(.goodbye(rank: rank)) }
        }

        /// Sends more than the link has credit for; what has none stays at the sender, its buffer not free.
        @Test(arguments: Medium.allCases)
        func `without credit a message waits at the sender, and its buffer stays taken`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.forward])
            defer { rig.stop() }
            try rig.start()
            let buffers = (0..<5).map { rig.buffer(count: 100_000, seed: UInt64($0)) }
            let tickets = try buffers.enumerated().map { index, buffer in
                try rig.workers[0].send(link: 0, header: header(index, count: 100_000), payload: buffer.view)
            }
            // Three have credit, so they leave although nobody consumes them.
            for ticket in tickets[..<3] { try ticket.wait() }
            for index in 0..<5 {
                #expect(!tickets[min(index + 3, 4)].isFree || index >= 2, "message \(index)")
                if index < 3 { buffers[index].fill(1234) }
                try rig.workers[1].receive(link: 0, expecting: header(index, count: 100_000)) {
                    #expect($0.elementsEqual(pattern(count: 100_000, seed: UInt64(index))), "message \(index)")
                }
            }
            for ticket in tickets { try ticket.wait() }
            let counters = rig.workers[0].counters(link: 0, outgoing: true)
            #expect(counters.peakOutstanding == 3)
            #expect(counters.creditWait > 0)
            try rig.finish()
        }

        @Test(arguments: Medium.allCases)
        func `a message that is not the expected one ends the data plane and names both sides`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.forward])
            defer { rig.stop() }
            try rig.start()
            let buffer = rig.buffer(count: 64)
            _ = try rig.workers[0].send(link: 0, header: header(5, count: 64), payload: buffer.view)
            var wasTouched = false
            let error = try #require(throws: TransportError.self) {
                try rig.workers[1].receive(link: 0, expecting: header(4, count: 64)) { _ in wasTouched = true }
            }
            #expect(
                "\(error)"
                    == "link 0, rank 0 → rank 1: rank 0 sent micro-batch 5, rank 1 expected micro-batch 4; "
                    + "due was the activation of micro-batch 4, step 3, tensor 0 of edge 0")
            #expect(!wasTouched)
            #expect(rig.workers[1].failure == error)
        }

        /// The bytes of a message that waits for credit are changed: its CRC was taken when it was handed over.
        @Test(arguments: Medium.allCases)
        func `a buffer that is reused too early is noticed as corruption`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.forward])
            defer { rig.stop() }
            try rig.start()
            let buffers = (0..<4).map { rig.buffer(count: 1000, seed: UInt64($0)) }
            for (index, buffer) in buffers.enumerated() {
                _ = try rig.workers[0].send(link: 0, header: header(index, count: 1000), payload: buffer.view)
            }
            buffers[3].bytes[500] ^= 0x10
            for index in 0..<3 { try rig.workers[1].receive(link: 0, expecting: header(index, count: 1000)) { _ in } }
            let error = try #require(throws: TransportError.self) {
                try rig.workers[1].receive(link: 0, expecting: header(3, count: 1000)) { _ in
                    Issue.record("a corrupt payload was handed out")
                }
            }
            #expect("\(error)".contains("activation of micro-batch 3, step 3 is corrupt"), "\(error)")
        }

        @Test(arguments: Medium.allCases)
        func `an abort ends every wait`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.forward, Self.backward])
            defer { rig.stop() }
            try rig.start()
            let buffer = rig.buffer(count: 1000)
            let tickets = try (0..<4).map {
                try rig.workers[0].send(link: 0, header: header($0, count: 1000), payload: buffer.view)
            }
            let worker = rig.workers[0]
            let waits = [
                try Job(name: "ticket") { try tickets[3].wait() },
                try Job(name: "receive") { try worker.receive(link: 0, expecting: header(0, count: 8)) { _ in } },
                try Job(name: "application") { _ = try worker.receiveApplication() },
            ]
            rig.coordinator.perform { server throws(TransportError) in try server.abort("rank 1 found a bad token") }
            for wait in waits { #expect(wait.failure() == .aborted("rank 1 found a bad token")) }
            #expect(throws: TransportError.aborted("rank 1 found a bad token")) {
                try worker.send(link: 0, header: header(4, count: 1000), payload: buffer.view)
            }
        }

        @Test(arguments: Medium.allCases)
        func `the first failure wins`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.forward])
            defer { rig.stop() }
            try rig.start()
            let waiting = try Job(name: "receive") { [worker = rig.workers[1]] in
                try worker.receive(link: 0, expecting: header(0, count: 8)) { _ in }
            }
            rig.workers[1].abort("first")
            rig.workers[1].abort("second")
            #expect(waiting.failure() == .aborted("first"))
            #expect(throws: TransportError.aborted("first")) { try rig.workers[1].close(goodbye: true) }
        }

        @Test(arguments: Medium.allCases)
        func `a peer that ends without a goodbye is gone`(medium: Medium) throws {
            for dying in 0...1 {
                let rig = try Rig(medium, links: [Self.forward])
                defer { rig.stop() }
                try rig.start()
                let survivor = rig.workers[1 - dying]
                let waiting = try Job(name: "wait") { _ = try survivor.receiveApplication() }
                try rig.workers[dying].close(goodbye: false)
                #expect(waiting.failure() == .peerGone(rank: dying))
                try rig.coordinator.see(.gone(rank: dying))
            }
        }

        /// Rank 0 says goodbye long before rank 1 has read its last messages.
        @Test(arguments: Medium.allCases)
        func `a goodbye is no failure and loses nothing`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.forward])
            defer { rig.stop() }
            try rig.start()
            let buffer = rig.buffer(count: 1000)
            for index in 0..<10 {
                _ = try rig.workers[0].send(link: 0, header: header(index, count: 1000), payload: buffer.view)
            }
            let closing = try Job(name: "close") { [worker = rig.workers[0]] in try worker.close(goodbye: true) }
            for index in 0..<10 { try rig.workers[1].receive(link: 0, expecting: header(index, count: 1000)) { _ in } }
            try rig.workers[1].close(goodbye: true)
            try closing.join()
            for rank in 0...1 { try rig.coordinator.see(.goodbye(rank: rank)) }
            #expect(!rig.coordinator.events.contains { if case .gone = $0 { true } else { false } })
        }

        @Test(arguments: Medium.allCases)
        func `waiting for a peer that said goodbye fails`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.forward])
            defer { rig.stop() }
            try rig.start()
            let closing = try Job(name: "close") { [worker = rig.workers[0]] in try worker.close(goodbye: true) }
            let error = try #require(throws: TransportError.self) {
                try rig.workers[1].receive(link: 0, expecting: header(0, count: 8)) { _ in }
            }
            #expect(error == .peerLeft(rank: 0, link: 0))
            try rig.workers[1].close(goodbye: false)
            try closing.join()
        }
    }
}
