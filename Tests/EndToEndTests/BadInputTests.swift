import Echelon
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// Every user's mistake ends in one message on standard error and exit code 64.
    @Suite struct BadInputTests {
        struct Mistake: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var overrides: [String] = []
            /// What the message must say.
            var says: [String]
        }

        private static let mistakes = [
            Mistake(
                testDescription: "an override of an unknown key", overrides: ["optimizer.adamw.leaning=1"],
                says: ["--set optimizer.adamw.leaning=1", "unknown key \"leaning\"", "lr"]),
            Mistake(
                testDescription: "a misspelt key", overrides: ["shedule=gpipe"], says: ["did you mean \"schedule\"?"]),
            Mistake(
                testDescription: "a missing data file", overrides: ["data.tokens=nowhere.u16"],
                says: ["nowhere.u16: cannot open: No such file or directory"]),
            Mistake(
                testDescription: "a data file that is too short", overrides: ["data.tokens=short.u16"],
                says: ["short.u16", "needs 9 tokens", "got 8"]),
            Mistake(
                testDescription: "a data file that ends within a token", overrides: ["data.tokens=odd.u16"],
                says: ["odd.u16", "multiple of 2 bytes", "got 19 bytes"]),
            Mistake(
                testDescription: "a layer that does not fit", overrides: ["model.layers.8.layer-norm.width=17"],
                says: ["layer 8 (layer-norm)", "expected width 17", "got [2 × 8 × 16]"]),
            Mistake(
                testDescription: "a device that does not exist", overrides: ["devices=[cpu:9999]"],
                says: ["no core 9999", Lab.device(0)]),
            Mistake(
                testDescription: "a kind of device that does not exist", overrides: ["devices=[cup:0]"],
                says: ["unknown device \"cup:0\"", "did you mean \"cpu:0\"?"]),
            Mistake(
                testDescription: "more stages than layers", overrides: ["devices=\(Lab.devices(11))"],
                says: ["11 stages", "10 layers"]),
            Mistake(
                testDescription: "a rank by hand that does not exist", overrides: ["by_hand=[2]"],
                says: ["by_hand.0 is 2", "0 to 1"]),
            Mistake(
                testDescription: "a missing weights file", overrides: ["weights=nowhere.safetensors"],
                says: ["nowhere.safetensors: cannot open"]),
        ]

        private func expectRefusal(_ outcome: EchelonProcess.Outcome, _ fragments: [String]) {
            #expect(outcome.exitCode == 64)
            #expect(outcome.errors.hasPrefix("echelon: "))
            #expect(outcome.errors.components(separatedBy: "echelon: ").count == 2, "one message: \(outcome.errors)")
            for fragment in fragments { #expect(outcome.errors.contains(fragment), "\(outcome.errors)") }
        }

        @Test(arguments: mistakes) func `nothing starts`(_ mistake: Mistake) throws {
            let lab = try Lab()
            try lab.folder.write(tokens: Array(0..<8), to: "short.u16")
            try lab.folder.write(Data(repeating: 0, count: 19), to: "odd.u16")
            let process = try lab.startTraining(mistake.overrides)
            expectRefusal(try process.finish(), mistake.says)
            #expect(!lab.folder.exists("run"))
            #expect(process.leftovers() == [])
        }

        /// A terminal acts on them: `echelon plan $'\\e[2J'` cleared the screen.
        @Test(arguments: [
            ["plan", "\u{1b}[31mx"], ["\u{1b}]0;x\u{7}"], ["plan", "x", "--\u{1b}[1mx"], ["plan", "x", "a\nb\u{9b}"],
            ["schedule", "gpipe", "--stages", "4\u{1b}[1m"], ["train", "x", "--port=1\n\u{1b}[1m"],
            ["schedule", "\u{1b}[1m", "--stages", "2", "--microbatches", "2"],
        ])
        func `control characters of the command line are spelled out`(arguments: [String]) throws {
            let outcome = try Lab().run(arguments)
            #expect(outcome.exitCode == 64)
            #expect(outcome.errors.contains("\\u{") && outcome.errors.hasSuffix("\n"))
            let spelled = outcome.errors.unicodeScalars.allSatisfy { $0 == "\n" || !(0..<0x20).contains($0.value) }
            #expect(spelled && !outcome.errors.contains("\u{9b}"), "\(outcome.errors.debugDescription)")
        }

        @Test func `a profile needs every device`() throws {
            let lab = try Lab()
            let devices = "devices=[\(Lab.device(0)), cpu:9999]"
            expectRefusal(
                try lab.run(["profile", "pipeline.yaml", "--set", devices]), ["--set \(devices)", "no core 9999"])
        }

        @Test func `a manifest error says where and what was meant`() throws {
            let lab = try Lab(pipeline: Lab.pipeline.replacing("optimizer: {adamw: {lr: 3e-3}}", with: "optimiser: {}"))
            let path = lab.folder.file("pipeline.yaml")
            let outcome = try lab.startTraining().finish()
            expectRefusal(outcome, ["echelon: \(path):6:1: ", "optimiser", "did you mean \"optimizer\"?"])
            #expect(outcome.output.isEmpty && !lab.folder.exists("run"))
        }

        @Test func `a token outside the vocabulary at a file's end is named before anything starts`() throws {
            let lab = try Lab()
            try lab.folder.write(tokens: (0..<401).map { $0 == 400 ? 61 : UInt16($0 % 61) }, to: "tokens.u16")
            let process = try lab.startTraining(["data.tokens=tokens.u16", "steps=1000"], ["--quiet"])
            expectRefusal(
                try process.finish(),
                ["tokens.u16: token 400 (byte offset 800)", "token 61 is outside the vocabulary of 61"])
            #expect(!lab.folder.exists("run"))
            #expect(process.leftovers() == [])
        }

        @Test func `a token file that is cut short while it is read ends the run with its name`() throws {
            let lab = try Lab()
            let path = try lab.folder.write(tokens: (0..<400_001).map { UInt16($0 % 61) }, to: "tokens.u16")
            let data = ["data.tokens=tokens.u16", "data.order=shuffled"]
            let process = try lab.startTraining(Lab.endless + data, ["--quiet"])
            try lab.waitForSteps(of: process)
            #expect(truncate(path, 2000) == 0)
            expectRefusal(
                try process.finish(), ["tokens.u16: cannot read: it had 800002 bytes", "has 2000 now", "cut short"])
            #expect(process.leftovers() == [])
        }

        @Test func `weights that are not finite are refused before anything starts`() throws {
            let lab = try Lab()
            _ = try lab.train(["steps=1"], run: "first")
            var weights = try lab.folder.bytes("first/model.safetensors")
            weights.replaceSubrange(weights.count - 8..<weights.count, with: [0, 0, 0xC0, 0x7F, 0, 0, 0x80, 0xFF])
            try lab.folder.write(weights, to: "broken.safetensors")
            expectRefusal(
                try lab.startTraining(["weights=broken.safetensors"]).finish(),
                ["broken.safetensors: 1 of its tensors hold values that are not finite", ": 2 of "])
            #expect(!lab.folder.exists("run"))
        }

        @Test func `generate refuses a run whose model does not write text`() throws {
            let lab = try Lab()
            let run = try lab.train(["steps=1"], [])
            #expect(!run.outcome.output.contains("generate"))
            expectRefusal(
                try lab.run(["generate", lab.folder.file("run"), "--prompt", "a"]),
                ["does not write text: it was trained on random tokens"])
        }

        @Test func `every tensor that does not fit is listed`() throws {
            let lab = try Lab()
            _ = try lab.train(["steps=1"], run: "first")
            // Another model's weights: one tensor has another shape, one is missing, one is too many.
            let model = Lab.model.replacing("linear: {in: 16, out: 61, bias: false}", with: "linear: {in: 16, out: 70}")
                .replacing("layer-norm: {width: 16}\n  - linear", with: "rms-norm: {width: 16}\n  - linear")
            try lab.folder.write(model, to: "model.yaml")
            let outcome = try lab.startTraining(["weights=first/model.safetensors"]).finish()
            expectRefusal(
                outcome,
                [
                    "3 of its tensors do not fit", "8.bias: expected nothing, got f32[16]",
                    "9.bias: expected f32[70], got nothing", "9.weight: expected f32[70 × 16], got f32[61 × 16]",
                ])
            #expect(!lab.folder.exists("run"))
        }

        @Test func `a run directory holds one run`() throws {
            let lab = try Lab()
            let busy = try lab.startTraining(Lab.endless, run: "run", ["--quiet"])
            try lab.waitForSteps(of: busy)
            expectRefusal(try lab.startTraining().finish(), ["run directory", "is in use by another run"])
            busy.signal(SIGINT)
            #expect(try busy.finish().exitCode == 75)
            expectRefusal(
                try lab.startTraining().finish(), ["holds an unfinished run with checkpoints", "--resume auto"])
            expectRefusal(
                try lab.run(["train", "pipeline.yaml", "--run-dir", ""]), ["--run-dir", "expected a folder"])
        }

        @Test func `a worker that cannot belong to the run is refused`() throws {
            let lab = try Lab()
            let pipeline = lab.folder.file("pipeline.yaml")
            let nobody = ["--coordinator", "tcp://127.0.0.1:9"]
            expectRefusal(try lab.run(["worker", pipeline, "--rank", "2"] + nobody), ["--rank 2", "ranks 0 to 1"])
            expectRefusal(
                try lab.run(["worker", pipeline, "--rank", "0", "--coordinator", "tcp://192.0.2.1:9"]),
                ["tcp://192.0.2.1:9", "another machine", "loopback"])

            let train = try lab.startTraining(["by_hand=[1]"])
            let coordinator = ["--coordinator", try lab.address(askedBy: train)]
            // It knows nothing of the run but its port.
            expectRefusal(
                try lab.run(["worker", pipeline, "--rank", "1", "--set", "by_hand=[1]"] + coordinator),
                ["no file secret lies beside it", "--secret-file"])
            let member = coordinator + ["--secret-file", lab.folder.file("run/secret")]
            expectRefusal(
                try lab.run(["worker", pipeline, "--rank", "1", "--set", "by_hand=[1]", "--set", "seed=8"] + member),
                ["refused", "rank 1 runs another configuration"])
            _ = try train.worker(0)
            try train.wait(for: "worker 0 to register") { lab.folder.exists("run/events/rank-0000.events") ? () : nil }
            expectRefusal(
                try lab.run(["worker", pipeline, "--rank", "0", "--set", "by_hand=[1]"] + member),
                ["refused", "rank 0 is already taken"])
            // The run is none the worse for it.
            let worker = try lab.run(["worker", pipeline, "--rank", "1", "--set", "by_hand=[1]"] + member)
            #expect(worker.exitCode == 0)
            #expect(try train.finish().exitCode == 0)
        }
    }
}
