import Scheduling
import Testing

@Suite struct LoweringTests {
    @Test func `every send has one receive, in its link's order`() throws {
        for schedule in everySchedule() + [try interleaved()] {
            let lowered = try schedule.lower(edges: everyEdge(stages: schedule.stageCount, portalGradient: true))
            var sends = [[Message]](repeating: [], count: lowered.links.count)
            var receives = sends
            for (rank, program) in lowered.ranks.enumerated() {
                for message in program.sends {
                    #expect(lowered.links[message.link].from == rank)
                    #expect(message.sequence == sends[message.link].count)
                    sends[message.link].append(message)
                }
                for message in program.receives {
                    #expect(lowered.links[message.link].to == rank)
                    receives[message.link].append(message)
                }
            }
            #expect(sends == receives)
            #expect(lowered.messagesOfLink == sends.map(\.count))
            #expect(Set(lowered.links).count == lowered.links.count)
            let perMicroBatch = lowered.edges.reduce(0) { $0 + ($1.carriesGradient ? 2 : 1) }
            let local = lowered.edges.filter { schedule.rankOfStage[$0.from] == schedule.rankOfStage[$0.to] }
            #expect(local.isEmpty)
            #expect(sends.joined().count == perMicroBatch * schedule.microBatches)
        }
    }

    @Test func `receives come before their instruction and sends after it`() throws {
        let schedule = Schedule.oneForwardOneBackward(stages: 3, microBatches: 2)
        let lowered = try schedule.lower(edges: everyEdge(stages: 3, portalGradient: true))
        #expect(
            lowered.text == """
                0F0@0 >b01.0 >p02.0 >t02.0 0F1@1 >b01.1 >p02.1 >t02.1 <b01.0 <p02.0 0B0@0 <b01.1 <p02.1 0B1@1
                <b01.0 1F0@0 >b12.0 <b01.1 1F1@1 >b12.1 <b12.0 1B0@0 >b01.0 <b12.1 1B1@1 >b01.1
                <b12.0 <p02.0 <t02.0 2F0@0 2B0@0 >b12.0 >p02.0 <b12.1 <p02.1 <t02.1 2F1@0 2B1@0 >b12.1 >p02.1
                """)
        #expect(
            lowered.links.map(\.description) == [
                "rank 0→rank 1", "rank 1→rank 0", "rank 1→rank 2", "rank 2→rank 1", "rank 0→rank 2", "rank 2→rank 0",
            ])
    }

    @Test func `a message is received early where its link delivers it early`() throws {
        let lowered = try interleaved().lower(edges: Edge.chain(stages: 4))
        #expect(
            lowered.text == """
                0F0@0 >b01.0 0F1@1 >b01.1 <b12.0 2F0@0 >b23.0 <b12.1 2F1@1 >b23.1 <b23.0 2B0@0 >b12.0 <b01.0 0B0@0 \
                <b23.1 2B1@1 >b12.1 <b01.1 0B1@1
                <b01.0 1F0@0 >b12.0 <b01.1 <b23.0 3F0@0 1F1@1 >b12.1 <b23.1 3F1@1 3B0@0 >b23.0 <b12.0 1B0@0 >b01.0 \
                3B1@1 >b23.1 <b12.1 1B1@1 >b01.1
                """)
    }

    @Test func `a message that comes early has its slot from then on`() throws {
        let schedule = try Schedule(
            parsing: """
                0F0 0F1 2F0 2F1 2B0 0B0 2B1 0B1
                1F0 3F0 3B0 1B0 1F1 3F1 3B1 1B1
                """, name: "early")
        let lowered = try schedule.lower(edges: Edge.chain(stages: 4))
        #expect(schedule.inFlight(stage: 1) == 1)
        #expect(lowered.slotCount == [2, 2, 2, 1])
        #expect(lowered.slot(stage: 1, microBatch: 1) == 1)
    }

    @Test func `split backwards send from the input half and hold their slot to the weight half`() throws {
        let schedule = try Schedule(parsing: "0F0 0F1 0B0 0B1\n1F0 1I0 1F1 1W0 1I1 1W1", name: "split")
        let lowered = try schedule.lower(edges: Edge.chain(stages: 2))
        #expect(
            lowered.text == """
                0F0@0 >b01.0 0F1@1 >b01.1 <b01.0 0B0@0 <b01.1 0B1@1
                <b01.0 1F0@0 1I0@0 >b01.0 <b01.1 1F1@1 1W0@0 1I1@1 >b01.1 1W1@1
                """)
        #expect(lowered.slotCount == [2, 2])
    }

    @Test func `stages of one rank exchange no messages`() throws {
        let schedule = try Schedule(parsing: "0F0 1F0 1B0 0B0", name: "one")
        let lowered = try schedule.lower(edges: everyEdge(stages: 2, portalGradient: true))
        #expect(lowered.links.isEmpty)
        #expect(lowered.text == "0F0@0 1F0@0 1B0@0 0B0@0")
    }

    @Test func `what is deferred has its slot from one half to the other`() throws {
        for (stages, microBatches) in [(1, 1), (2, 8), (4, 8), (4, 3), (8, 32)] {
            for schedule in [
                Schedule.zeroBubbleH1(stages: stages, microBatches: microBatches),
                Schedule.zeroBubbleH2(stages: stages, microBatches: microBatches),
            ] {
                let lowered = try schedule.lower(edges: Edge.chain(stages: stages))
                var holder: [[Int]: Int] = [:]
                for instruction in schedule.ranks.dropFirst().joined() where instruction.pass != .forward {
                    let (stage, microBatch) = (instruction.stage, instruction.microBatch)
                    let place = [stage, lowered.deferredSlot(stage: stage, microBatch: microBatch)]
                    #expect((0..<lowered.deferredCount[stage]).contains(place[1]))
                    #expect(holder[place] == (instruction.pass == .backwardInput ? nil : microBatch))
                    holder[place] = instruction.pass == .backwardInput ? microBatch : nil
                }
                // The first stage's halves are one.
                #expect(lowered.deferredCount[0] == 0 && !lowered.splitsBackward(stage: 0))
            }
        }
        let plain = try Schedule.oneForwardOneBackward(stages: 2, microBatches: 4).lower(edges: [])
        #expect(plain.deferredCount == [0, 0] && plain.deferredSlot(stage: 1, microBatch: 3) == 0)
    }

    @Test func `no two micro-batches share a slot at one time`() throws {
        for schedule in everySchedule() {
            let lowered = try schedule.lower(edges: Edge.chain(stages: schedule.stageCount))
            var holder: [[Int]: Int] = [:]
            for program in lowered.ranks {
                for case .compute(let instruction, let slot) in program.operations {
                    let place = [instruction.stage, slot]
                    #expect(slot < lowered.slotCount[instruction.stage])
                    #expect(slot == lowered.slot(stage: instruction.stage, microBatch: instruction.microBatch))
                    #expect(holder[place] == (instruction.pass == .forward ? nil : instruction.microBatch))
                    holder[place] = instruction.pass == .forward ? instruction.microBatch : nil
                }
            }
        }
    }

    @Test(arguments: ["1f1b", "gpipe", "zb-h1", "zb-v", "interleaved"])
    func `replicas add a stage's gradients behind its last pass that makes some`(name: String) throws {
        let schedule = try Schedule.named(
            name, ranks: 2, microBatches: 4, virtual: ["zb-v", "interleaved"].contains(name) ? 2 : 1)
        let edges = Edge.chain(stages: schedule.stageCount)
        let lowered = try schedule.lower(edges: edges, hasReplicas: true)
        try lowered.checkReductions()
        let plain = try schedule.lower(edges: edges)
        for (own, alone) in zip(lowered.ranks, plain.ranks) {
            #expect(own.operations.filter { !isReduction($0) } == alone.operations)
            #expect(own.operations.count == alone.operations.count + 2 * schedule.stageCount / 2)
        }
        #expect(
            try schedule.forwardOnly.lower(edges: edges, hasReplicas: true).ranks.allSatisfy {
                !$0.operations.contains(where: isReduction)
            })
    }

    private func isReduction(_ operation: Scheduling.Operation) -> Bool {
        switch operation {
        case .reduce, .gather: true
        default: false
        }
    }
}

extension LoweredSchedule {
    /// `<` receives, `>` sends, `b01.2` is boundary 0→1 (or its gradient) of micro-batch 2, `@` names the slot.
    fileprivate var text: String {
        ranks.map { program in
            program.operations.map { operation in
                switch operation {
                case .receive(let message): "<\(name(message))"
                case .compute(let instruction, let slot): "\(instruction)@\(slot)"
                case .send(let message): ">\(name(message))"
                case .reduce(let stage): "R\(stage)"
                case .gather(let stage): "G\(stage)"
                }
            }.joined(separator: " ")
        }.joined(separator: "\n")
    }

    private func name(_ message: Message) -> String {
        let edge = edges[message.edge]
        return "\(edge.kind.rawValue.prefix(1))\(edge.from)\(edge.to).\(message.microBatch)"
    }
}
