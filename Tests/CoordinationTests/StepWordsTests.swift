import Coordination
import Manifests
import Planning
import TestPlans
import Testing

/// What all ranks are told to do behind each step.
@Suite struct StepWordsTests {
    private typealias Word = StepWords.Word

    private func words(_ more: String, _ steps: Range<Int> = 0..<5, set: [String] = []) throws -> StepWords {
        StepWords(try Plans.make(more: more, set: set), steps, now: 0)
    }

    @Test func `where the coordinator opens updates, the word goes with the answer`() throws {
        var words = try words("checkpoint: {every: 2}")
        #expect(words.begin(now: 0) == [])
        #expect(words.finished(step: 0, now: 0, .goesOn) == [])
        #expect(words.opening(step: 0, now: 0, .goesOn) == [Word(step: 1, saves: false, ends: false)])
        #expect(words.opening(step: 0, now: 0, .goesOn) == [])
        #expect(words.opening(step: 1, now: 0, .goesOn) == [Word(step: 2, saves: true, ends: false)])
        #expect(words.opening(step: 2, now: 0, .stops) == [Word(step: 3, saves: true, ends: true)])
        #expect(words.opening(step: 3, now: 0, .stops) == [])
    }

    @Test func `elsewhere it goes a step ahead, and the last step is the last`() throws {
        var words = try words("checkpoint: {every: 4}", 2..<5, set: ["schedule=zb-h1"])
        #expect(words.begin(now: 0) == [Word(step: 3, saves: false, ends: false)])
        #expect(words.opening(step: 2, now: 0, .goesOn) == [])
        #expect(words.finished(step: 2, now: 0, .goesOn) == [Word(step: 4, saves: true, ends: false)])
        #expect(words.finished(step: 2, now: 0, .goesOn) == [])
        #expect(words.finished(step: 3, now: 0, .goesOn) == [Word(step: 5, saves: true, ends: true)])
        #expect(words.finished(step: 4, now: 0, .goesOn) == [])
    }

    @Test func `it goes a step ahead, too, where ranks go on without the answer`() throws {
        var words = try words("clip: 1\nspeculate: true")
        #expect(words.begin(now: 0) == [Word(step: 1, saves: false, ends: false)])
        #expect(words.opening(step: 0, now: 0, .goesOn) == [])
        #expect(words.finished(step: 0, now: 0, .stops) == [Word(step: 2, saves: true, ends: true)])
    }

    @Test func `other cuts end an attempt and not the run, and a last step is the last`() throws {
        var words = try words("checkpoint: {every: 2}")
        #expect(
            words.opening(step: 0, now: 0, .moves) == [Word(step: 1, saves: false, ends: false, moves: true)])
        #expect(words.opening(step: 1, now: 0, .moves) == [])
        words = try self.words("checkpoint: {every: 2}", 4..<5)
        #expect(words.opening(step: 4, now: 0, .moves) == [Word(step: 5, saves: true, ends: true)])
    }

    @Test func `a checkpoint by time is due behind the first step after it`() throws {
        var words = try words("checkpoint: {every: 10s}")
        let saves = [1, 9, 11, 20, 22].enumerated().flatMap { step, seconds in
            words.opening(step: step, now: UInt64(seconds) * 1_000_000_000, .goesOn).map(\.saves)
        }
        #expect(saves == [false, false, true, false, true])
    }

    @Test func `without the key a run is kept where it is interrupted, and with null never`() throws {
        var usual = try words("")
        #expect(usual.opening(step: 4, now: 0, .goesOn).map(\.saves) == [false, false, false, false, false])
        usual = try words("")
        #expect(usual.opening(step: 0, now: 0, .stops) == [Word(step: 1, saves: true, ends: true)])
        var never = try words("checkpoint: null")
        #expect(never.opening(step: 0, now: 0, .stops) == [Word(step: 1, saves: false, ends: true)])
    }

    @Test func `the newest few are kept, and some of the older ones`() {
        let rule = PipelineManifest.Checkpoint(every: .steps(10), keepLast: 2, keepEvery: 100)
        #expect(rule.outdated(of: [220, 210, 200, 190, 100, 90]) == [190, 90])
        #expect(PipelineManifest.Checkpoint(keepLast: 3).outdated(of: [3, 2, 1]) == [])
    }

    @Test func `a manifest may change where and how a run computes, and nothing that it learns`() throws {
        let old = try Plans.manifest(more: "clip: 1")
        func refusal(_ overrides: [String], accepted: Set<String> = []) throws -> String {
            let new = try Plans.manifest(more: "clip: 1", set: overrides)
            return message {
                try ManifestChange.check(new, against: old.partHashes, old: old.parts, accepted: accepted)
            }
        }
        let harmless = [
            "devices=[cpu:0]", "partition=uniform", "schedule=gpipe", "recompute=stage", "steps=9",
            "checkpoint.every=3", "log_every=1", "name=other",
        ]
        #expect(try refusal(harmless) == "")
        #expect(
            try refusal(["clip=2"])
                == "--set clip=2: clip: 2.0, where the run to go on has 1.0: it would not go on as it began; set it back, or add --accept clip if that is meant"
        )
        #expect(try refusal(["clip=2"], accepted: ["clip"]) == "")
        #expect(try refusal(["batch.micro=1"], accepted: ["batch"]).contains("begin a new run"))
        #expect(try refusal(["model.loss=mean-squared-error", "data={rows: f, inputs: 1, targets: 1}"]) != "")
    }
}
