import Datasets
import TestSupport
import Testing

/// Which records are read from which files.
@Suite struct RecordTests {
    @Test(arguments: [
        (#"{"prompt": "37+58=", "response": "95"}"#, "37+58=[95$]"),
        (#"{"id": [1, {"a": null}], "response": "b", "score": -1.5e3, "prompt": "a", "ok": true}"#, "a[b$]"),
        (#"{"prompt": "q", "response": "r", "history": [["a", "b"], ["c", "d"]]}"#, "abcdq[r$]"),
        (#"{"prompt": "q", "response": "r", "history": null, "system": "s:"}"#, "s:q[r$]"),
        (#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#, "a[b$]"),
        (#"{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}"#, "a[b$]"),
        (#"{"instruction": "i", "input": "", "output": "o"}"#, "i[o$]"),
        (#"{"instruction": "i", "input": "n", "output": "o"}"#, "i\nn[o$]"),
        (#"{"text": "abc"}"#, "a[bc$]"),
        (#"{"prompt": "\u4f60\n", "response": "\ud83d\ude00"}"#, "你\n[😀$]"),
    ]) func `a line of each kind is read`(_ line: String, _ expected: String) throws {
        #expect(try Prepared().texts(of: line + "\n") == [expected])
    }

    @Test func `columns may have other names`() throws {
        var prepared = try Prepared()
        prepared.settings.promptColumn = "content"
        prepared.settings.responseColumn = "summary"
        #expect(try prepared.texts(of: #"{"content": "a", "summary": "b", "prompt": "x"}"#) == ["a[b$]"])
        #expect(
            try prepared.message(of: #"{"prompt": "a", "response": "b"}"#)
                == "in.jsonl:1: expected \"content\" and \"summary\" as named, got \"prompt\", \"response\"")
    }

    @Test func `a table has names at the top, quotes and line breaks in its fields`() throws {
        let table = "response,prompt,note\r\n95,37+58=,\r\n\"b, \"\"c\"\"\nd\",\"a\",x\n\n\"\",e,\n"
        #expect(try Prepared().texts(of: table, name: "in.csv") == ["37+58=[95$]", "a[b, \"c\"\nd$]", "e[$]"])
        let tabs = "prompt\tresponse\thistory\na\tb\t[[\"x\", \"y\"]]\n\"c\"\td\t\n"
        #expect(try Prepared().texts(of: tabs, name: "in.tsv") == ["xya[b$]", "c[d$]"])
    }

    @Test func `texts have empty lines between them and are cut up where they are long`() throws {
        #expect(try Prepared().texts(of: "one\ntwo\n\n \n\n  three", name: "in.txt") == ["o[ne\ntwo$]", "t[hree$]"])
        var prepared = try Prepared()
        prepared.settings.longest = 12
        // Each token but the first is predicted once: the last of a piece is the first of the next.
        #expect(try prepared.texts(of: "abcdefghijklmno", name: "in.txt") == ["a[bcdefghijkl]", "l[mno$]"])
    }

    @Test(arguments: [
        ("in.jsonl", "[{}]", "in.jsonl:1:1: expected an object a line, not all of them in one array, got \"[\""),
        (
            "in.jsonl", #"{"a": 1}"#,
            "in.jsonl:1: expected \"prompt\" and \"response\", \"messages\", \"instruction\" and \"output\", or \"text\" "
                + "(--prompt-column, --response-column), got \"a\""
        ),
        ("in.jsonl", "\n\n", "in.jsonl: expected at least one record, got 2 bytes"),
        (
            "in.parquet", "x",
            "in.parquet: expected --format jsonl, csv, tsv, text, megatron, nanogpt, got a name that says none"
        ),
        (
            "in.parquet", "PAR1\u{15}",
            "in.parquet is a Parquet file, which is not read; write its rows as JSON lines (pip install pyarrow):\n"
                + "  python3 -c 'import json, sys, pyarrow.parquet as p; sys.stdout.writelines(json.dumps(r, "
                + "ensure_ascii=False, default=str) + \"\\n\" for b in p.ParquetFile(sys.argv[1]).iter_batches() "
                + "for r in b.to_pylist())' in.parquet > out.jsonl"
        ),
        (
            "in.jsonl", "{\"prompt\": \"a\", \"response\": \"b\"}\n{\"prompt\": \"a\"}\n{\"prompt\": 5}",
            """
            in.jsonl:2: expected a text for "response", got none
            in.jsonl:3:12: expected a text for "prompt", got "5"
            2 records are no samples, 0 may be passed over: --skip-bad N
            """
        ),
        (
            "in.csv", "prompt,response\na,b,c\n",
            "in.csv:2: expected 2 fields, as the first line has, got 3\n"
                + "1 record is no sample, 0 may be passed over: --skip-bad N"
        ),
        (
            "in.csv", "prompt,response\n\"a,b\n",
            "in.csv:2:1: expected the field's closing quote, got the row's end\n"
                + "1 record is no sample, 0 may be passed over: --skip-bad N"
        ),
        (
            "in.jsonl", #"{"messages": [{"role": "user", "content": "a"}]}"#,
            "in.jsonl:1: expected an assistant's message at the end, got 1 messages\n"
                + "1 record is no sample, 0 may be passed over: --skip-bad N"
        ),
        (
            "in.jsonl", #"{"text": ""}"#,
            "in.jsonl:1: expected a text of two tokens at least, its end included, got 1\n"
                + "1 record is no sample, 0 may be passed over: --skip-bad N"
        ),
    ]) func `what is no sample is named`(_ name: String, _ text: String, _ message: String) throws {
        #expect(try Prepared().message(of: text, name: name) == message)
    }

    @Test func `twenty problems are listed and the rest is counted`() throws {
        let lines = ["{\"prompt\": \"a\", \"response\": \"b\"}"] + [String](repeating: "{\"prompt\": 1}", count: 25)
        let text = lines.joined(separator: "\n")
        let message = try Prepared().message(of: text)
        #expect(message.contains("in.jsonl:21:") && !message.contains("in.jsonl:22:"))
        #expect(message.hasSuffix("\nand 5 more\n25 records are no samples, 0 may be passed over: --skip-bad N"))
        var prepared = try Prepared()
        prepared.allowed = 25
        let manifest = try prepared.shards(of: text).manifest
        #expect(manifest.samples == 1 && manifest.skipped.count == 25 && manifest.skipped.first.count == 20)
    }

    @Test func `a first line that is no record is passed over like any other`() throws {
        var prepared = try Prepared()
        prepared.allowed = 1
        #expect(try prepared.texts(of: "# made by hand\n{\"prompt\": \"a\", \"response\": \"b\"}\n") == ["a[b$]"])
    }

    @Test func `nesting without end is refused`() throws {
        let line = "{\"prompt\": \"a\", \"response\": \"b\", \"x\": " + String(repeating: "[", count: 100_000) + "}"
        #expect(try Prepared().message(of: line).hasPrefix("in.jsonl:1:70: expected at most 32 levels, got more"))
    }

    @Test func `tokens of Megatron and nanoGPT are read`() throws {
        var prepared = try Prepared()
        let folder = try prepared.folder.get()
        func little<Number: FixedWidthInteger>(_ numbers: [Number]) -> [UInt8] {
            numbers.flatMap { number in withUnsafeBytes(of: number.littleEndian) { Array($0) } }
        }
        let ids = Array("abcdefg".utf8).map { Int32($0) }
        try folder.write(little(ids), to: "m.bin")
        let head: [UInt8] = Array("MMIDIDX\0\0".utf8) + little([UInt64(1)]) + [4] + little([UInt64(2), 3])
        let index = head + little([Int32(3), 4]) + little([Int64(0), 12]) + little([Int64(0), 1, 2])
        try folder.write(index, to: "m.idx")
        _ = try prepared.preparation(["m.bin"]).run()
        let set = try ShardSet(path: prepared.file("out"))
        #expect(try (0..<2).map { try set.length(ofSample: $0) } == [3, 4])
        #expect(
            try set.runs(ofSample: 1) == [.init(ids: [100], counts: false), .init(ids: [101, 102, 103], counts: true)])
        try folder.write(little((0..<20).map { UInt16($0) }), to: "n.bin")
        #expect(throws: DatasetError.self) { try prepared.preparation(["n.bin"], to: "n") }
        prepared.settings.longest = 8
        _ = try prepared.preparation(["n.bin"], to: "n").run()
        let stream = try ShardSet(path: prepared.file("n"))
        #expect(try (0..<3).map { try stream.length(ofSample: $0) } == [8, 8, 6])
        #expect(try stream.runs(ofSample: 1).flatMap(\.ids) == [7, 8, 9, 10, 11, 12, 13, 14])
    }
}
