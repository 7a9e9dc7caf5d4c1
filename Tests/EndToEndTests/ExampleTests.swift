import Foundation
import TestSupport
import Testing

/// The programs of Examples/, as a reader would run them.
@Suite struct ExampleTests {
    private func run(_ name: String, _ arguments: [String] = [], in folder: TemporaryFolder) throws -> [String] {
        let outcome = try EchelonProcess(arguments, in: folder, program: name).finish()
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        return outcome.output.split(separator: "\n").map(String.init)
    }

    @Test func `a layer of one's own trains on processes and on threads to the same bits`() throws {
        let (one, other) = (try TemporaryFolder(), try TemporaryFolder())
        let processes = try run("CustomLayer", in: one)
        #expect(processes.count == 21 && processes[19].hasPrefix("step 20: loss "))
        #expect(try run("CustomLayer", ["threads"], in: other) == processes)
        #expect(try one.bytes("custom-layer.safetensors") == other.bytes("custom-layer.safetensors"))
        #expect(try one.text("runs/custom-layer/pipeline.yaml").contains("low-rank: {in: 32, out: 32, rank: 4}"))
    }

    @Test func `a schedule of one's own is drawn, simulated, and trains to the bits of 1F1B`() throws {
        let lines = try run("CustomSchedule", in: try TemporaryFolder())
        #expect(lines.first?.hasPrefix("rank 0 F0F1F2F3F4F5F6") == true)
        #expect(lines.contains("held by the first stage: 7 micro-batches, of 1f1b 4"))
        #expect(lines.last?.hasSuffix("those of 1f1b to the last bit") == true, "\(lines)")
    }

    @Test func `64 stages are planned without a cluster`() throws {
        let lines = try run("PlanAhead", in: try TemporaryFolder())
        #expect(lines.count == 6 && lines[5].hasPrefix("balanced, zb-h1: 6021 ms a step, bubble 21 %"), "\(lines)")
    }

    @Test func `a report is read as values`() throws {
        let folder = try TemporaryFolder()
        let lines = try run("ReadReport", in: folder)
        #expect(lines.first?.contains("stage 2") == true && lines.last?.hasPrefix("best change: ") == true, "\(lines)")
        #expect(try run("ReadReport", ["runs/read-report"], in: folder) == lines)
    }
}
