import Datasets
import Foundation
import TestSupport
import Testing

/// The same input gives the same bytes, however often it was started.
@Suite struct ResumptionTests {
    private struct Interruption: Error {}

    private static let lines = (0..<60_000).map { number in
        number % 997 == 5
            ? "{\"prompt\": \(number)}"
            : "{\"prompt\": \"\(number)+\(number % 7)=\", \"response\": \"\(number + number % 7)\"}"
    }.joined(separator: "\n")

    private func prepared() throws -> Prepared {
        var prepared = try Prepared()
        prepared.settings.shardSamples = 7000
        prepared.allowed = 100
        try prepared.folder.get().write(Self.lines, to: "a.jsonl")
        try prepared.folder.get().write("prompt,response\na,b\n\"c\n\",d\n", to: "b.csv")
        return prepared
    }

    private func contents(_ prepared: Prepared, _ name: String) throws -> [String: Data] {
        let folder = try prepared.folder.get()
        let names = folder.files.filter { $0.hasPrefix(name + "/") }
        return try Dictionary(
            uniqueKeysWithValues: names.map { (String($0.dropFirst(name.count)), try folder.bytes($0)) })
    }

    @Test func `an interrupted preparation goes on and ends with the same bytes`() throws {
        let prepared = try prepared()
        let files = ["a.jsonl", "b.csv"]
        let whole = try prepared.preparation(files, to: "whole", threads: 3).run()
        #expect(whole.samples == 60_000 - 61 + 2 && whole.shards.count == 9 && whole.skipped.count == 61)
        let expected = try contents(prepared, "whole")
        #expect(expected.count == 19)
        var starts = 0
        while true {
            let preparation = try prepared.preparation(files, threads: 1)
            var blocks = 0
            starts += 1
            do {
                _ = try preparation.run { _ in
                    blocks += 1
                    if blocks == 2, starts < 4 { throw Interruption() }
                }
                break
            } catch is Interruption {
                #expect(throws: DatasetError.self) { try ShardSet(path: prepared.file("out")) }
            }
        }
        #expect(starts == 4)
        #expect(try contents(prepared, "out") == expected)
        let again = try prepared.preparation(files)
        #expect(again.isDoneBefore)
        #expect(try again.run() == whole)
    }

    @Test func `another preparation, or somebody's files, are not written over`() throws {
        var prepared = try prepared()
        _ = try prepared.preparation(["b.csv"]).run()
        prepared.settings.longest = 20
        let out = try prepared.file("out")
        try expectError(
            "\(out): expected nothing, or this preparation, got one with other settings; --force starts anew, another "
                + "--out leaves it"
        ) { try prepared.preparation(["b.csv"]) }
        #expect(try prepared.preparation(["b.csv"], anew: true).run().settings.longest == 20)
        try prepared.folder.get().write("prompt,response\na,b\n", to: "b.csv")
        let error = try #require(throws: DatasetError.self) { try prepared.preparation(["b.csv"]) }
        #expect(error.description.contains("other files, or files that were changed since"))
        try FileManager.default.createDirectory(atPath: prepared.file("mine"), withIntermediateDirectories: true)
        try prepared.folder.get().write("x", to: "mine/notes.txt")
        try expectError(
            "\(prepared.file("mine")): expected a new or empty folder, got one with other files; choose another --out"
        ) { try prepared.preparation(["b.csv"], to: "mine", anew: true) }
        #expect(try prepared.folder.get().text("mine/notes.txt") == "x")
    }
}
