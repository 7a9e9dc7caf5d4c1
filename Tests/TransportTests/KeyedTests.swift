import Systems
import Testing
import Transport

/// Workers that prove themselves by keys of their own, and peers that break the protocol although they belong to the run.
extension LiveTests {
    @Suite struct KeyedTests {
        static let link = LinkDeclaration(id: 0, from: 0, to: 1, credit: 4, maxPayload: 1000)

        private func refusal(_ rig: Rig) throws -> String {
            try rig.coordinator.see { event -> String? in if case .refused(let text) = event { text } else { nil } }
        }

        @Test func `the key of another worker opens no other rank`() throws {
            let rig = try Rig(.keyed, world: 3, links: []) { worker in
                if worker.rank == 1 { worker.rank = 2 }
            }
            defer { rig.stop() }
            try rig.workers[1].start()
            let error = try #require(throws: TransportError.self) { try rig.workers[1].awaitGo() }
            #expect(error == .refused("it wants to be rank 2 with the key of worker 1"))
            let line = try refusal(rig)
            #expect(line.hasPrefix("a worker, process \(rig.workers[1].configuration.process) on "), "\(line)")
            #expect(line.hasSuffix(" was refused: it wants to be rank 2 with the key of worker 1"), "\(line)")
        }

        /// The first knows the coordinator's key and is not on its list; the second was given the key of another one.
        @Test(arguments: [true, false]) func `an unknown key is let in nowhere, and its address is told`(
            knowsCoordinator: Bool
        ) throws {
            let (own, other) = (try CurvePair(), try CurvePair().publicKey)
            let rig = try Rig(.keyed, links: []) { worker in
                guard let keys = worker.keys else { return }
                worker.keys = WorkerKeys(
                    rank: 1, own: own, coordinator: knowsCoordinator ? keys.coordinator : other)
            }
            defer { rig.stop() }
            try rig.workers[1].start()
            let line = try refusal(rig)
            #expect(line.contains("does not belong to this run"), "\(line)")
            // The second one's handshake fails before anybody is asked: its connection may be gone when its address is.
            #expect(line.contains(" from 127.0.0.1 ") || !knowsCoordinator, "\(line)")
            #expect(rig.workers[1].state.wait { $0.contact == .refused ? true : nil } == true)
            #expect(!rig.coordinator.events.contains { if case .registered = $0 { true } else { false } })
        }

        @Test func `without keys a worker reaches this machine alone`() throws {
            var configuration = ControlServer.Configuration(world: 1, digest: "d")
            configuration.tcpAddress = "tcp://192.0.2.77:0"
            let refused = try #require(throws: TransportError.self) { try ControlServer(configuration) }
            #expect("\(refused)".contains("needs keys (`echelon keys`"))
            configuration.keys = CoordinatorKeys(own: try CurvePair(), workers: [:])
            let absent = try #require(throws: TransportError.self) { try ControlServer(configuration) }
            #expect("\(absent)" == "tcp://192.0.2.77:0: this machine has no such address")
        }

        enum Crime: CaseIterable, Sendable {
            case replayed, reordered, foreignRun, foreignEpoch, anothersName, oversized

            /// - Parameter first: the header of the link's first message.
            func commit(on header: inout FrameHeader, first: FrameHeader) {
                switch self {
                case .replayed: header = first
                case .reordered: header.sequence += 1
                case .foreignRun: header.runID &+= 1
                case .foreignEpoch: header.epoch += 1
                case .anothersName: header.source = 7
                case .oversized: header.payloadLength = 1001
                }
            }
        }

        @Test(arguments: Medium.allCases, Crime.allCases)
        func `a frame that is not the link's next ends the run, with both sides named`(
            medium: Medium, crime: Crime
        ) throws {
            let first = Shared<FrameHeader?>(nil)
            let rig = try Rig(medium, links: [Self.link]) { worker in
                guard worker.rank == 0 else { return }
                worker.tamper = { header in
                    let known = first.update { kept in
                        defer { kept = kept ?? header }
                        return kept
                    }
                    if let known { crime.commit(on: &header, first: known) }
                }
            }
            defer { rig.stop() }
            try rig.start()
            let buffer = rig.buffer(count: 100)
            _ = try rig.workers[0].send(link: 0, header: header(0, count: 100), payload: buffer.view)
            try rig.workers[1].receive(link: 0, expecting: header(0, count: 100)) { _ in }
            _ = try rig.workers[0].send(link: 0, header: header(1, count: 100), payload: buffer.view)
            let error = try #require(throws: TransportError.self) {
                try rig.workers[1].receive(link: 0, expecting: header(1, count: 100)) { _ in
                    Issue.record("the payload of a \(crime) frame was handed out")
                }
            }
            #expect("\(error)".contains("rank 0") && "\(error)".contains("rank 1"), "\(error)")
            #expect(!error.isConsequence)
        }
    }
}
