import Datasets
import Testing
import Tokenizers

/// Which tokens a record becomes, and which of them count.
@Suite struct SampleCoderTests {
    @Test func `samples of the ChatGLMs have the ids and labels of their training scripts`() throws {
        let cases = try ChatGLMCase.all()
        #expect(cases.count == 27)
        for example in cases {
            let set = try example.prepared().shards(of: example.record)
            let runs = try set.runs(ofSample: 0)
            #expect(runs.flatMap(\.ids) == example.ids, "\(example.model): \(example.record)")
            let labels = runs.flatMap { run in run.counts ? run.ids : run.ids.map { _ in -100 } }
            #expect(labels == example.labels, "\(example.model): \(example.record)")
        }
    }

    private func chat() throws -> (Prepared, any Tokenizer) {
        let tokenizer = try TokenizerJSON.load(path: Prepared.fixture("tokenizer.json"))
        let template = try ChatTemplate(named: "chatml")
        return (try Prepared(tokenizer, .template(template), end: 0), tokenizer)
    }

    @Test func `a template writes the prompt and its end of turn ends the response`() throws {
        let (prepared, tokenizer) = try chat()
        let end = try #require(tokenizer.id(of: "<|im_end|>"))
        #expect(prepared.coder.end == end)
        let runs = try prepared.shards(of: #"{"prompt": "Hi", "response": " a <|im_end|> b"}"#).runs(ofSample: 0)
        let prompt = try tokenizer.encode("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", addSpecial: false)
        // An end inside the response counts as what it is: nothing is known by its id.
        let response = try tokenizer.encode(" a <|im_end|> b", addSpecial: false) + [end]
        #expect(runs == [.init(ids: prompt, counts: false), .init(ids: response, counts: true)])
    }

    @Test func `all that the assistant says in a conversation counts with the end of its turn`() throws {
        let (prepared, tokenizer) = try chat()
        let line =
            #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, "#
            + #"{"role": "user", "content": "c"}, {"role": "assistant", "content": "d e"}]}"#
        let runs = try prepared.shards(of: line).runs(ofSample: 0)
        func ids(_ text: String) throws -> [Int32] { try tokenizer.encode(text, addSpecial: false) }
        let expected: [ShardSet.Run] = [
            .init(ids: try ids("<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n"), counts: false),
            .init(ids: try ids("b") + ids("<|im_end|>"), counts: true),
            .init(ids: try ids("\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n"), counts: false),
            .init(ids: try ids("d e") + ids("<|im_end|>"), counts: true),
        ]
        #expect(runs == expected)
    }

    @Test func `a cut takes the prompt's beginning behind special tokens and then the response's end`() throws {
        var prepared = try Prepared()
        prepared.settings.longest = 10
        let text = """
            {"prompt": "0123456789", "response": "abc"}
            {"prompt": "0123456789", "response": "abcdefghijklm"}
            {"prompt": "01234", "response": "abcd"}
            """
        #expect(try prepared.texts(of: text) == ["456789[abc$]", "a[bcdefghij]", "01234[abcd$]"])
        #expect(try prepared.shards(of: text).manifest.truncated == 2)
        var (chat, tokenizer) = try chat()
        chat.settings.longest = 24
        let long = String(repeating: "x y z ", count: 40)
        let set = try chat.shards(
            of: "{\"prompt\": \"\(long)\", \"response\": \"q\"}\n{\"prompt\": \"q\", \"response\": \"\(long)\"}")
        let start = try #require(tokenizer.id(of: "<|im_start|>"))
        let opening = try tokenizer.encode("<|im_start|>assistant\n", addSpecial: false)
        for sample in 0..<2 {
            let runs = try set.runs(ofSample: sample)
            #expect(try set.length(ofSample: sample) == 24)
            #expect(runs[0].ids.first == start && Array(runs[0].ids.suffix(opening.count)) == opening)
        }
        #expect(try set.runs(ofSample: 0)[1].ids.last == chat.coder.end)
        #expect(throws: DatasetError.self) {
            chat.settings.longest = 4
            _ = try chat.shards(of: "{}")
        }
    }
}
