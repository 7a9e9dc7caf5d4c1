import Generation
import Systems
import TestPlans
import Testing

/// What a model writes, over any number of stages.
@Suite struct PipelineTests {
    private let prompts: [[Int32]] = [
        [72, 101, 108], Array(1...9), [5], Array(100...107), Array(30...46), [200, 201], [9, 9, 9, 9],
    ]

    @Test func `stages change no token, whatever the prompts' lengths are`() throws {
        let run = try TestRun()
        let alone = try run.write(prompts)
        #expect(alone.allSatisfy { $0.ids.count == 12 && $0.ending == .length })
        #expect(Set(alone.map(\.ids)).count > 1)
        for stages in [2, 3, 5] { #expect(try run.write(prompts, stages: stages) == alone, "\(stages) stages") }
    }

    @Test func `neither do the other texts in flight`() throws {
        let run = try TestRun()
        let sampling = Generator.Sampling(temperature: 1, topK: nil, seed: 3)
        let together = try run.write(prompts, sampling: sampling, stages: 2)
        for (prompt, outcome) in zip(prompts, together) {
            #expect(try run.write([prompt], sampling: sampling, stages: 2) == [outcome])
        }
    }

    @Test(arguments: [1, 2, 3, 16, 24]) func `nor how many ids a pass takes`(_ chunk: Int) throws {
        let run = try TestRun()
        #expect(try run.write(prompts, chunk: chunk) == run.write(prompts))
    }

    @Test func `each token is the likeliest of a pass over the whole text`() throws {
        let run = try TestRun()
        let predictor = try Predictor(run.source, length: 24)
        for (prompt, outcome) in zip(prompts, try run.write(prompts, count: 7, stages: 2)) {
            var text = prompt
            for id in outcome.ids {
                let row = try #require(try predictor.logits(after: text).last)
                #expect(try #require(row.max()) - row[Int(id)] < 1e-4)
                text.append(id)
            }
        }
    }

    @Test func `a model of its own writes on beyond its window`() throws {
        let run = try TestRun()
        let long = try run.write([Array(1...30)], count: 60)
        #expect(long[0].ids.count == 60 && long[0].ending == .length)
        #expect(try run.write([Array(1...30)], count: 60, stages: 3) == long)
        // As if it had begun with the later half: 24 positions hold ids 7 to 30, then 19 to 30 and one more.
        let text = Array(1...30) + [long[0].ids[0]]
        #expect(try run.write([text.suffix(12)], count: 12)[0].ids == Array(long[0].ids[1..<13]))
    }

    @Test func `a text ends behind its end token, or when its reader has enough`() throws {
        let run = try TestRun()
        let ids = try run.write([[5]])[0].ids
        let requests = [
            GenerationRequest(prompt: [5], count: 12, sampling: .init(temperature: 0), endTokens: [ids[0]]),
            GenerationRequest(prompt: [5], count: 12, sampling: .init(temperature: 0)),
        ]
        for stages in 1...2 {
            let pipeline = try GenerationRun(run.plan(stages: stages, texts: 2), on: .threads)
            defer { pipeline.close() }
            var seen: [Int] = []
            let outcomes = try pipeline.generate(
                requests,
                emit: { text, _ in
                    seen.append(text)
                    return seen.count { $0 == 1 } < 3
                })
            #expect(outcomes[0].ids == [ids[0]] && outcomes[0].ending == .end)
            #expect(outcomes[1].ids == Array(ids.prefix(3)) && outcomes[1].ending == .stop)
        }
    }

    @Test func `a pipeline goes on to other texts`() throws {
        let run = try TestRun()
        let pipeline = try GenerationRun(run.plan(stages: 2), on: .threads)
        defer { pipeline.close() }
        for prompt in prompts {
            let request = GenerationRequest(prompt: prompt, count: 4, sampling: .init(temperature: 0))
            let outcomes = try pipeline.generate([request], emit: { _, _ in true })
            #expect(try outcomes == run.write([prompt], count: 4))
        }
    }

    @Test func `a stage that cannot read its weights ends the run with its reason`() throws {
        let run = try TestRun(spoiling: "7.bias")
        for stages in 1...3 {
            #expect(message { try run.write(prompts, stages: stages) }.contains("not finite"), "\(stages) stages")
        }
    }

    @Test func `prompts that the model cannot read are refused`() throws {
        let run = try TestRun()
        #expect(message { try run.write([[300]]) }.contains("token 300, outside the vocabulary of 256"))
        #expect(message { try run.write([[]], stages: 2) }.contains("at least one token"))
        #expect(message { try run.plan(stages: 40) }.contains("40"))
    }

    @Test func `a model whose positions see later ones has nothing to go on from`() throws {
        let model = """
            {layers: [{embedding: {vocab: 256, width: 8}}, {transformer: {width: 8, heads: 2, causal: false}},
            {linear: {in: 8, out: 256}}], loss: cross-entropy}
            """
        let run = try TestRun(model)
        #expect(message { try run.plan(stages: 1) }.contains("causal: true, to go on from earlier positions"))
    }

    /// GLM's prefix: all tokens of the prompt see each other, so that one pass has to hold them.
    @Test func `a prefix is read in one pass`() throws {
        let model = """
            {layers: [{stash: ids}, {prefix-positions: {start: 250, marks: [249]}}, {stash: positions}, {pop: ids}, {select: 1},
            {embedding: {vocab: 256, width: 16}}, {residual: [{pop: positions}, {attention: {width: 16, heads: 2,
            rotary: {planes: 2}}}]}, {residual: [{pop: positions}, {attention: {width: 16, heads: 2,
            rotary: {planes: 2}}}]}, {linear: {in: 16, out: 256}}], loss: cross-entropy}
            """
        let run = try TestRun(model, sequence: 64)
        let prompts: [[Int32]] = [Array(1...20) + [249, 250], [3, 249, 250], [1, 2, 3, 4]]
        let predictor = try Predictor(run.source, length: 40)
        let outcomes = try run.write(prompts)
        for (prompt, outcome) in zip(prompts, outcomes) {
            var text = prompt
            for id in outcome.ids {
                let row = try #require(try predictor.logits(after: text).last)
                #expect(try #require(row.max()) - row[Int(id)] < 1e-4)
                text.append(id)
            }
        }
        #expect(try run.write(prompts, stages: 3) == outcomes)
    }
}
