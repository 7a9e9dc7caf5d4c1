import Scheduling
import Testing

@Suite struct TextTests {
    @Test func `schedules print and parse back`() throws {
        for schedule in everySchedule() + [try interleaved()] {
            #expect(try Schedule(parsing: schedule.description, name: schedule.name) == schedule)
        }
    }

    @Test func `a schedule prints one line for each rank`() {
        #expect(
            Schedule.oneForwardOneBackward(stages: 2, microBatches: 3).description == """
                0F0 0F1 0B0 0F2 0B1 0B2
                1F0 1B0 1F1 1B1 1F2 1B2
                """)
    }

    @Test func `owners are read from the lines`() throws {
        let folded = try Schedule(parsing: "# a V\n0F0  3F0 3I0 3W0 0B0\r\n1F0 2F0 2B0 1B0\n\n", name: "v")
        #expect(folded.rankOfStage == [0, 1, 1, 0])
        #expect(folded.microBatches == 1)
        #expect(folded.ranks[0].map(\.pass) == [.forward, .forward, .backwardInput, .backwardWeight, .backward])
    }

    @Test func `rows of PyTorch's CSV schedules are read`() throws {
        let rows = try Schedule(parsing: "0F0,0F1,,,0I0,0W0,0B1\r\n,1F0,1B0,1F1,1B1,,\n", name: "rows")
        #expect(rows.description == "0F0 0F1 0I0 0W0 0B1\n1F0 1B0 1F1 1B1")
        try rows.validate(edges: Edge.chain(stages: 2), queueDepth: 1)
    }

    @Test(arguments: [
        ("", "line 1, column 1: expected \(instruction), got the end of the text"),
        ("0F0 0B0\n1F0 1X0", "line 2, column 5: expected \(instruction), got \"1X0\""),
        ("0F0 +0B0", "line 1, column 5: expected \(instruction), got \"+0B0\""),
        ("0F0,,+0B0", "line 1, column 6: expected \(instruction), got \"+0B0\""),
        ("0F0 0B", "line 1, column 5: expected \(instruction), got \"0B\""),
        ("0F0 0B99999999999", "line 1, column 5: expected \(instruction), got \"0B99999999999\""),
        ("0F0\t0B0", "line 1, column 1: expected \(instruction), got \"0F0\\t0B0\""),
        ("0F0 0B0\n\n1F0 1B0", "line 2, column 1: expected \(instruction), got an empty line"),
        ("0F0\n1F0 0B0", "line 2, column 5: expected stage 0 on rank 0 (line 1) alone, got 0B0 on rank 1"),
        ("0F0 0B0\n2F0 2B0", "line 2, column 1: expected stage 1, since stages count from 0 without a gap, got none"),
        (
            "0F0 0B0 0F2000000000 0B2000000000",
            "line 1, column 1: expected micro-batch 1, since micro-batches count from 0 without a gap, got none"
        ),
    ])
    func `other text is refused`(text: String, error: String) {
        #expect(message { try Schedule(parsing: text, name: "text") } == error)
    }

    @Test func `a damaged schedule cannot steer the terminal that shows what is wrong with it`() {
        let text = "0F0 0B0\u{1B}[2J\u{202E}" + String(repeating: "\u{301}", count: 100_000)
        let shown = message { try Schedule(parsing: text, name: "text") }
        #expect(shown.hasPrefix("line 1, column 5: expected \(Self.instruction), got \"0B0\\u{1B}[2J\\u{202E}"))
        #expect(shown.utf8.count < 500)
    }

    static let instruction = "an instruction such as 0F0 (stage, one of F B I W, micro-batch)"

    @Test func `instructions print and parse back`() {
        for pass in Pass.allCases {
            let instruction = Instruction(pass, stage: 12, microBatch: Int(Int32.max))
            #expect(Instruction(instruction.description) == instruction)
        }
        for text in ["", "F", "0F", "F0", "0F0 ", " 0F0", "0f0", "0F-1", "-1F0", "0F+1", "0FB0", "0F٣", "0F2147483648"]
        {
            #expect(Instruction(text) == nil, "\(text)")
        }
    }
}

@Suite struct PlaceTests {
    @Test func `an instruction's column is that of its word`() {
        #expect(Schedule.column(ofInstruction: 0, in: " ,0F0") == 3)
        #expect(Schedule.column(ofInstruction: 2, in: "0F0,,0F1 0B0") == 10)
        #expect(Schedule.column(ofInstruction: 3, in: "0F0 0B0") == 8)
        #expect(Schedule.column(ofInstruction: 0, in: "") == 1)
    }
}
