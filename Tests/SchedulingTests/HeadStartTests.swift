import Scheduling
import Testing

/// What ranks can do of a step before they know how the step before ended.
@Suite struct HeadStartTests {
    private func headStart(_ schedule: Schedule) throws -> (HeadStart, LoweredSchedule) {
        let stages = schedule.stageCount
        let lowered = try schedule.lower(edges: Edge.chain(stages: stages) + Edge.targets(stages: stages))
        return (HeadStart(lowered.ranks), lowered)
    }

    private func forwards(_ program: RankProgram, _ count: Int) -> String {
        program.operations[..<count].compactMap { operation -> String? in
            if case .compute(let instruction, _) = operation { instruction.description } else { nil }
        }.joined(separator: " ")
    }

    @Test func `in 1F1B it is the warm-up and the first forward of the steady state`() throws {
        let (start, lowered) = try headStart(try .named("1f1b", ranks: 3, microBatches: 4))
        let texts = zip(lowered.ranks, start.operations).map { forwards($0, $1) }
        #expect(texts == ["0F0 0F1 0F2", "1F0 1F1", "2F0"])
        // Rank 0 sends activations and targets of three micro-batches; the others take those of two and of one.
        #expect(start.leftOver.map { $0.map(\.microBatch).sorted() } == [[], [2], [1, 1, 2]])
    }

    @Test(arguments: ScheduleName.allCases, [1, 2, 3, 4, 8])
    func `nobody waits in it for what another does later, and what is left over was sent`(
        name: ScheduleName, ranks: Int
    ) throws {
        for microBatches in [1, 3, ranks, 2 * ranks + 1] {
            let schedule = try Schedule.named(name.rawValue, ranks: ranks, microBatches: microBatches)
            let (start, lowered) = try headStart(schedule)
            var sent: [Int: [Message]] = [:]
            for (program, count) in zip(lowered.ranks, start.operations) {
                for case .send(let message) in program.operations[..<count] {
                    sent[message.link, default: []].append(message)
                }
            }
            for (rank, (program, count)) in zip(lowered.ranks, start.operations).enumerated() {
                var taken: [Int: [Message]] = [:]
                for operation in program.operations[..<count] {
                    switch operation {
                    case .receive(let message): taken[message.link, default: []].append(message)
                    case .compute(let instruction, _): #expect(instruction.pass == .forward)
                    case .send: break
                    case .reduce, .gather: Issue.record("\(operation)")
                    }
                }
                // The next instruction is no forward, or needs what comes later.
                #expect(count == 0 || program.operations[count...].first != nil)
                let left = Dictionary(grouping: start.leftOver[rank], by: \.link)
                for (link, messages) in taken.merging(left, uniquingKeysWith: +) { #expect(messages == sent[link]) }
            }
            #expect(start.operations[0] > 0)
        }
    }
}
