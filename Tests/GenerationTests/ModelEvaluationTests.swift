import Foundation
import Generation
import Manifests
import Runs
import TestPlans
import TestSupport
import Testing

/// What `echelon evaluate` computes.
@Suite struct ModelEvaluationTests {
    private static let exchanges = [
        (prompt: "37+58=", response: "95"), (prompt: "1+1=", response: "2"), (prompt: "90+9=", response: "99 "),
    ]

    private func loss(
        _ source: ModelSource, _ path: String, _ exchanges: (list: [HeldOutExchange], coding: ExchangeCoding)? = nil,
        stages: Int = 1, batch: Int = 2, samples: Int? = nil
    ) throws -> EvaluationMetrics {
        let evaluation = try ModelEvaluation(
            source, data: path, exchanges, devices: GenerationPlan.devices(stages: stages), batch: batch,
            samples: samples)
        return try evaluation.loss()
    }

    private func exchanges(_ path: String, limit: Int? = nil) throws -> [HeldOutExchange] {
        guard case .exchanges(let list) = try HeldOutFile(path: path, limit: limit) else { return [] }
        return list
    }

    private func json(_ exchange: (prompt: String, response: String)) -> String {
        "{\"prompt\": \"\(exchange.prompt)\", \"response\": \"\(exchange.response)\"}\n"
    }

    @Test func `the loss of exchanges is that of their ids, and the same bits for any number of stages`() throws {
        let run = try TestRun()
        let lines = Self.exchanges.map { prompt, response in
            let ids = Array((prompt + response).utf8)
            let labels = ids.enumerated().map { $0 < prompt.utf8.count ? -100 : Int($1) }
            return "{\"input_ids\": \(ids), \"labels\": \(labels)}\n"
        }
        let samples = try run.folder.write(lines.joined(), to: "samples.jsonl")
        let path = try run.folder.write(Self.exchanges.map { json($0) }.joined(), to: "exchanges.jsonl")
        let coding = try ExchangeCoding(run.source, template: nil, isPlain: true)
        let expected = try loss(run.source, samples)
        #expect(expected.tokens == 6 && expected.samples == 3 && expected.loss.isFinite && expected.step == 0)
        for stages in 1...4 {
            #expect(try loss(run.source, samples, stages: stages).loss == expected.loss, "\(stages)")
        }
        let found = try loss(run.source, path, (try exchanges(path), coding), stages: 2)
        #expect(found.loss == expected.loss && found.tokens == 6)
        #expect(abs(try loss(run.source, samples, batch: 5).loss - expected.loss) < 1e-6)
        #expect(try loss(run.source, samples, samples: 1).tokens == 2)
    }

    @Test func `answers count where they are what the model writes, word for word`() throws {
        let run = try TestRun()
        let coding = try ExchangeCoding(run.source, template: nil, isPlain: true)
        let prompts = (0..<6).map { "q\($0)" }
        let requests = prompts.map {
            GenerationRequest(prompt: $0.utf8.map { Int32($0) }, count: 4, sampling: .init(temperature: 0))
        }
        let written = try run.write(requests.map(\.prompt), count: 4)
        var exchanges = zip(prompts, written).enumerated().map { index, pair in
            var answer = Answer(.bytes, stops: [], endTokens: [])
            for id in pair.1.ids { _ = answer.append(id) }
            _ = answer.finish()
            return HeldOutExchange(line: index + 1, messages: [("user", pair.0)], response: " \(answer.text)\n")
        }
        let given = exchanges[2].response.trimmingCharacters(in: .whitespacesAndNewlines)
        exchanges[2].response = "something else"
        #expect(try ExactMatch.requests(exchanges, coding).map(\.count).last == exchanges[5].response.utf8.count)
        for stages in [1, 3] {
            let pipeline = try GenerationRun(
                run.plan(stages: stages, positions: 24, texts: requests.count), on: .threads)
            defer { pipeline.close() }
            let found = try ExactMatch(exchanges, requests, coding, pipeline, shown: 5)
            #expect(found.count == 6 && found.right == 5 && found.share == 5.0 / 6)
            #expect(found.wrong.map(\.line) == [3] && found.wrong.first?.got == given)
            #expect(found.wrong.first?.wanted == "something else" && found.wrong.first?.prompt == "q2")
        }
    }

    @Test func `exchanges may have histories or be messages, and what is none of it is named by file and line`() throws
    {
        let folder = try TemporaryFolder()
        let lines = [
            #"{"prompt": "c", "response": "d", "system": "s", "history": [["a", "b"]]}"#, "",
            #"{"prompt": "a", "response": "b", "id": 7}"#,
        ]
        let list = try exchanges(folder.write(lines.joined(separator: "\n"), to: "good.jsonl"))
        #expect(list.map(\.line) == [1, 3] && list.map(\.response) == ["d", "b"] && list.map(\.prompt) == ["c", "a"])
        #expect(list[0].messages.map(\.role) == ["system", "user", "assistant", "user"])
        let chat = #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "id": 7}"#
        let chats = try exchanges(folder.write(chat, to: "chat.jsonl"))
        #expect(chats.map(\.prompt) == ["a"] && chats.map(\.response) == ["b"])
        let table = try exchanges(folder.write("response,prompt\n95,37+58=\n\"a\nb\",c\n", to: "table.csv"))
        #expect(table.map(\.line) == [2, 3] && table.map(\.response) == ["95", "a\nb"])
        let question = #"{"messages": [{"role": "user", "content": "a"}]}"#
        #expect(
            message { try HeldOutFile(path: folder.write(question, to: "q.jsonl")) }.contains(
                "q.jsonl:1: expected a message of the assistant"))
        #expect(
            message { try HeldOutFile(path: folder.write(#"{"text": "a"}"#, to: "t.jsonl")) }.contains(
                "t.jsonl:1: expected prompts and responses"))
        for (line, expected) in [
            ("[1]", "x.jsonl:2:1: expected an object a line"),
            ("{\"prompt\": \"a\"}", "x.jsonl:2: expected a text for \"response\""),
            (#"{"prompt": "a", "response": "b", "history": ["a"]}"#, "x.jsonl:2:"),
        ] {
            let path = try folder.write(lines[0] + "\n" + line, to: "x.jsonl")
            #expect(message { try HeldOutFile(path: path) }.contains(expected))
            #expect(try exchanges(path, limit: 1).count == 1)
        }
        #expect(message { try HeldOutFile(path: folder.path) }.contains("got another folder"))
        #expect(
            message { try HeldOutFile(path: folder.write("\n", to: "empty")) }.contains("expected at least one record"))
    }
}
