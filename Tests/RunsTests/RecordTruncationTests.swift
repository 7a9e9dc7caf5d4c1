import Runs
import Systems
import TestSupport
import Testing

/// Taking out what was written of steps behind the one that a run goes on from.
@Suite struct RecordTruncationTests {
    @Test func `lines up to the step stay, and half a line goes`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("{\"step\":1,\"x\":9}\n{\"step\":2}\n{\"step\":30}\n{\"step\":", to: "m")
        let taken = try RecordTruncation.keep(upTo: 2, in: path, prefix: "{\"step\":")
        #expect(taken == ["{\"step\":30}"])
        #expect(try folder.text("m") == "{\"step\":1,\"x\":9}\n{\"step\":2}\n")
        #expect(try RecordTruncation.keep(upTo: 0, in: path, prefix: "{\"step\":").count == 2)
        #expect(try folder.text("m") == "")
        #expect(try RecordTruncation.keep(upTo: 0, in: folder.file("none"), prefix: "") == [])
    }

    @Test func `a table keeps its head`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("step,loss\n1,2\n2,3\n3,4\n", to: "t")
        try RecordTruncation.keep(upTo: 1, in: path, prefix: "")
        #expect(try folder.text("t") == "step,loss\n1,2\n")
    }

    @Test func `TensorBoard's events behind the step go, whatever is left of the last one`() throws {
        let folder = try TemporaryFolder()
        let steps = [1, 2, 300, 301].map { TensorBoardEvent.scalars([("loss", 1)], step: $0, wallTime: 5) }
        let head = TensorBoardEvent.version(wallTime: 5)
        let path = try folder.write(head + steps.flatMap { $0 }, to: "e")
        try RecordTruncation.keepEvents(upTo: 300, in: path)
        #expect(try folder.bytes("e").count == head.count + steps[..<3].reduce(0) { $0 + $1.count })
        try folder.write(head + steps[0] + steps[1].dropLast(), to: "e")
        try RecordTruncation.keepEvents(upTo: 300, in: path)
        #expect(try Array(folder.bytes("e")) == head + steps[0])
        try folder.write([UInt8](repeating: 255, count: 99), to: "e")
        try RecordTruncation.keepEvents(upTo: 300, in: path)
        #expect(try folder.bytes("e").isEmpty)
    }
}
