import Systems
import Testing
import Transport

extension LiveTests {
    @Suite struct ControlPlaneTests {
        static let link = LinkDeclaration(id: 0, from: 0, to: 1, credit: 1, maxPayload: 1000)

        @Test(arguments: Medium.allCases)
        func `heartbeats say what a worker is doing`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.link])
            defer { rig.stop() }
            try rig.start()
            rig.workers[1].updateStatus {
                $0.step = 12
                $0.microBatch = 4
                $0.instruction = "1F4"
                $0.phase = .computing
            }
            let computing = try rig.coordinator.see { event -> WorkerStatus? in
                guard case .status(1, let status) = event, status.step == 12 else { return nil }
                return status
            }
            #expect("\(computing)" == "step 12, micro-batch 4, 1F4: computing")
            let waiting = try Job(name: "receive") { [worker = rig.workers[1]] in
                try worker.receive(link: 0, expecting: header(4, count: 8)) { _ in }
            }
            let awaited = header(4, count: 8)
            let phase = WorkerPhase.receiving(from: 0, awaited.name)
            let status = try rig.coordinator.see { event -> WorkerStatus? in
                guard case .status(1, let status) = event, status.phase == phase else { return nil }
                return status
            }
            #expect(status.progress > computing.progress)
            #expect(
                status.links == [LinkStatus(peer: 0, isOutgoing: false, credit: 1, creditLimit: 1)])
            rig.workers[1].abort("enough")
            #expect(waiting.failure() == .aborted("enough"))
        }

        @Test(arguments: Medium.allCases)
        func `application messages arrive whole and in order`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.link])
            defer { rig.stop() }
            try rig.start()
            let messages = [0, 1, 65_000, 65_536, 3_000_000, 5].enumerated().map {
                pattern(count: $0.element, seed: UInt64($0.offset))
            }
            for message in messages { rig.workers[0].sendApplication(message) }
            rig.workers[0].sendApplication([42])
            try rig.coordinator.see(.message(rank: 0, [42]))
            let got = rig.coordinator.events.compactMap { event -> [UInt8]? in
                guard case .message(0, let bytes) = event else { return nil }
                return bytes
            }
            #expect(got == messages + [[42]])
            rig.coordinator.perform { server throws(TransportError) in
                for message in messages { try server.sendApplication(message, to: 1) }
            }
            for message in messages { #expect(try rig.workers[1].receiveApplication(timeout: .seconds(60)) == message) }
            #expect(try rig.workers[1].receiveApplication(timeout: .zero) == nil)
            try rig.finish()
        }

        /// More messages at once than a socket's queue takes.
        @Test(arguments: Medium.allCases)
        func `a burst of messages keeps its order`(medium: Medium) throws {
            let rig = try Rig(medium, world: 1, links: [])
            defer { rig.stop() }
            try rig.start()
            let messages = (0..<20_000).map { withUnsafeBytes(of: UInt32($0)) { Array($0) } }
            for message in messages { rig.workers[0].sendApplication(message) }
            try rig.finish()
            try rig.coordinator.see(.goodbye(rank: 0))
            let got = rig.coordinator.events.compactMap { event -> [UInt8]? in
                guard case .message(0, let bytes) = event else { return nil }
                return bytes
            }
            #expect(got == messages)
        }

        @Test(arguments: Medium.allCases)
        func `a worker's own account reaches the coordinator before its end`(medium: Medium) throws {
            let rig = try Rig(medium, links: [Self.link])
            defer { rig.stop() }
            try rig.start()
            rig.workers[1].sendApplication(pattern(count: 500_000, seed: 1))
            rig.workers[1].fail(code: 64, "token 9000 at position 3 is outside the vocabulary")
            #expect(rig.workers[1].failure?.isConsequence == true)
            try rig.workers[1].close(goodbye: false)
            try rig.coordinator.see(
                .failed(rank: 1, code: 64, text: "token 9000 at position 3 is outside the vocabulary"))
            #expect(throws: TransportError.peerGone(rank: 1)) { try rig.workers[0].receiveApplication() }
            rig.stop()
            #expect(!rig.coordinator.events.contains(.gone(rank: 1)))
        }

        @Test(arguments: Medium.allCases)
        func `a worker of another run learns why it is refused`(medium: Medium) throws {
            let rig = try Rig(medium, links: []) { if $0.rank == 1 { $0.digest = "other" } }
            defer { rig.stop() }
            try rig.workers[0].start()
            try rig.coordinator.see { if case .registered(0, _, _) = $0 { () } else { nil } }
            try rig.workers[1].start()
            #expect(
                throws: TransportError.refused(
                    "rank 1 runs another configuration: its digest is other, the coordinator's digest")
            ) { try rig.workers[1].awaitGo() }
            try rig.coordinator.see { if case .refused = $0 { () } else { nil } }
        }

        @Test(arguments: [Medium.memory, .ipc, .tcp, .mixed])
        func `two workers of one rank do not both run, and both sides say so`(medium: Medium) throws {
            let rig = try Rig(medium, links: []) { $0.rank = 0 }
            defer { rig.stop() }
            try rig.workers[0].start()
            try rig.coordinator.see { if case .registered(0, _, _) = $0 { () } else { nil } }
            try rig.workers[1].start()
            let error = try #require(throws: TransportError.self) { try rig.workers[1].awaitGo() }
            #expect("\(error)".contains("rank 0 is already taken by process"), "\(error)")
            let line = try rig.coordinator.see { event -> String? in
                if case .refused(let text) = event { text } else { nil }
            }
            #expect(line.contains("rank 0 is already taken by process"), "\(line)")
        }

        @Test(arguments: [Medium.memory, .ipc])
        func `a start that takes too long names the missing ranks`(medium: Medium) throws {
            var configuration = ControlServer.Configuration(world: 3, digest: "d")
            configuration.startTimeout = .milliseconds(100)
            let coordinator = try Coordinator(configuration, medium == .memory ? InMemoryNetwork() : nil)
            #expect(
                try coordinator.awaitError() == .missingRanks([0, 1, 2], world: 3, stage: .registering, seconds: 0.1))
            coordinator.stop()
        }

        @Test(arguments: Medium.allCases)
        func `a coordinator that ends is noticed once`(medium: Medium) throws {
            let calls = Shared(0)
            let rig = try Rig(medium, links: [Self.link]) { $0.onCoordinatorGone = { calls.update { $0 += 1 } } }
            defer { rig.stop() }
            try rig.start()
            let waits = try rig.workers.map { worker in try Job(name: "wait") { _ = try worker.receiveApplication() } }
            rig.coordinator.stop()
            for wait in waits { #expect(wait.failure() == .coordinatorGone) }
            for worker in rig.workers { try worker.close(goodbye: false) }
            #expect(calls.withLock { $0 } == 2)
        }

        @Test(arguments: [Medium.memory, .ipc])
        func `a run of one rank starts`(medium: Medium) throws {
            let rig = try Rig(medium, world: 1, links: [])
            defer { rig.stop() }
            try rig.start()
            #expect(rig.workers[0].runID != 0)
            try rig.finish()
        }

        @Test func `an absent coordinator is named`() throws {
            var configuration = WorkerConfiguration(
                rank: 0, coordinator: "tcp://127.0.0.1:1", digest: "d", links: [])
            configuration.secret = RunSecret()
            let worker = WorkerEndpoint(configuration)
            try worker.start()
            let error = try #require(throws: TransportError.self) { try worker.awaitGo(timeout: .milliseconds(50)) }
            #expect("\(error)".hasPrefix("no coordinator answered at tcp://127.0.0.1:1; compare the port"), "\(error)")
            #expect("\(error)".hasSuffix(" within 0.05 s"), "\(error)")
            try worker.close(goodbye: false)
        }

        @Test func `other machines are refused`() throws {
            let worker = WorkerEndpoint(
                WorkerConfiguration(rank: 0, coordinator: "tcp://192.168.0.1:5555", digest: "d", links: []))
            let error = try #require(throws: TransportError.self) { try worker.start() }
            #expect("\(error)".contains("another machine"))
            var configuration = ControlServer.Configuration(world: 1, digest: "d")
            configuration.tcpAddress = "tcp://*:5555"
            let refused = try #require(throws: TransportError.self) { try ControlServer(configuration) }
            #expect("\(refused)".contains("another machine"))
        }
    }
}
