import Echelon
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// What the commands print.
    @Suite struct CommandTests {
        @Test func `plan shows what crosses each boundary and starts nothing`() throws {
            let lab = try Lab()
            let overrides = ["devices=\(Lab.devices(4))", "partition={cuts: [2, 4, 6]}", "data.tokens=nowhere.u16"]
            let arguments = ["plan", lab.folder.file("pipeline.yaml")] + Lab.arguments(overrides)
            let before = lab.folder.files.filter { $0.hasSuffix(".yaml") }
            let json = try lab.run(arguments + ["--json"])
            #expect(json.exitCode == 0, "\(json.errors)")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let plan = try decoder.decode(PlanReport.self, from: Data(json.output.utf8))
            #expect(plan.stages.map(\.layers.isEmpty) == [false, false, false, false])
            #expect(plan.parameters == 13_056 && plan.stages.reduce(0) { $0 + $1.parameters } == 13_056)
            #expect(plan.stages.map(\.inFlight) == [3, 3, 2, 1])
            let crossings = plan.crossings.map {
                "\($0.from)→\($0.to) \($0.kind) \($0.tensors.joined(separator: ", "))"
            }
            #expect(
                crossings == [
                    "0→1 boundary f32[2 × 8 × 16]", "0→3 portal f32[2 × 8 × 16]", "1→2 boundary f32[2 × 8 × 16]",
                    "2→3 boundary f32[2 × 8 × 16]", "0→3 targets i32[2 × 8]",
                ])
            #expect(abs(plan.idealBubble - 0.5) < 1e-9 && plan.predictedBubble >= plan.idealBubble)
            let text = try lab.run(arguments)
            #expect(text.exitCode == 0 && text.output.contains(plan.grid.split(separator: "\n")[0]))
            #expect(text.output.contains("f32[2 × 8 × 16]") && text.output.contains("50.0 %"))
            #expect(lab.folder.files.filter { $0.hasSuffix(".yaml") || $0.hasPrefix("runs") } == before)
        }

        @Test func `the resolved manifest of a plan trains alike`() throws {
            let lab = try Lab()
            let usual = try lab.train(["batch.microbatches=2"])
            let repeated = try lab.run([
                "train", lab.folder.file("run/pipeline.yaml"), "--run-dir", lab.folder.file("again"), "--quiet",
            ])
            #expect(repeated.exitCode == 0)
            #expect(try FinishedRun(lab.folder, "again", repeated).losses == usual.losses)
        }

        @Test func `JSON lines are those of the metrics file`() throws {
            let run = try Lab().train([], ["--json"])
            #expect(run.outcome.output == run.lines && run.outcome.errors.isEmpty)
            #expect(run.steps.map(\.step) == [1, 2, 3, 4])
            #expect(run.steps.allSatisfy { $0.tokens == 48 && $0.peakBytes.count == 2 && $0.stepS > 0 })
            #expect(run.steps.map(\.lr).first == 1.5e-3 && run.steps.map(\.lr).last == 1e-4)
        }

        @Test func `quiet runs say nothing`() throws {
            let run = try Lab().train()
            #expect(run.outcome.output.isEmpty && run.outcome.errors.isEmpty)
        }

        @Test func `the report's categories sum to wall time`() throws {
            let lab = try Lab()
            _ = try lab.train(["steps=20", "devices=\(Lab.devices(3))"])
            let json = try lab.run(["report", lab.folder.file("run"), "--json"])
            #expect(json.exitCode == 0, "\(json.errors)")
            let report = try BubbleReport(json: json.output)
            #expect(report.steps == 18 && report.stages == 3 && report.ranks.count == 3)
            for rank in report.ranks {
                #expect(abs(rank.causes.reduce(0) { $0 + $1.share } - 1) < 1e-9)
                #expect(rank.causes.allSatisfy { $0.share >= 0 && $0.ms.p50 >= 0 })
            }
            #expect(try lab.folder.text("run/report.json") == json.output)
            let text = try lab.run(["report", lab.folder.file("run")])
            #expect(text.exitCode == 0 && text.output.contains(report.headline.sentence.prefix(20)))
        }

        @Test func `schedule draws the grid and prints the instructions`() throws {
            let lab = try Lab()
            let arguments = ["schedule", "1f1b", "--stages", "2", "--microbatches", "2"]
            let text = try lab.run(arguments + ["--text"])
            #expect(text.exitCode == 0)
            #expect(
                try Schedule(parsing: text.output, name: "1f1b") == Schedule.named("1f1b", stages: 2, microBatches: 2))
            let grid = try lab.run(arguments)
            #expect(grid.exitCode == 0)
            #expect(
                grid.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) } == [
                    "rank 0 F0F1····B0──··B1──", "rank 1 ··F0B0──F1B1──····",
                ])
        }

        @Test func `generate continues what it learned and repeats itself`() throws {
            let model = """
                layers:
                  - embedding: {vocab: 256, width: 32, positions: 8}
                  - transformer: {width: 32, heads: 2}
                  - layer-norm: {width: 32}
                  - linear: {in: 32, out: 256, bias: false}
                loss: cross-entropy

                """
            let lab = try Lab(model: model)
            try lab.folder.write(String(repeating: "one, two, three; ", count: 100), to: "text.txt")
            _ = try lab.train(["data={text: text.txt, sequence: 8}", "steps=150", "optimizer.adamw.lr=1e-2"])
            func generate(_ flags: String...) throws -> String {
                let arguments = ["generate", lab.folder.file("run"), "--prompt", "one, t", "--tokens", "28"]
                let outcome = try lab.run(arguments + flags)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                return outcome.output
            }
            #expect(try generate("--greedy") == "one, two, three; one, two, three; \n")
            #expect(try generate("--greedy", "--stages", "2") == "one, two, three; one, two, three; \n")
            #expect(try generate("--greedy", "--devices", "cpu:0", "--stop", "; one") == "one, two, three\n")
            let json = try generate("--greedy", "--stages", "3", "--json", "--prompt", "three; o")
            let lines = json.split(separator: "\n")
            #expect(lines.count == 2 && lines[1].contains("\"text\":\"ne, two, three; one, two, th\""))
            let wild = ["--temperature", "3", "--top-k", "0"]
            let first = try generate(wild[0], wild[1], wild[2], wild[3], "--seed", "5")
            #expect(first.hasPrefix("one, t"))
            #expect(try generate(wild[0], wild[1], wild[2], wild[3], "--seed", "5") == first)
            #expect(try generate(wild[0], wild[1], wild[2], wild[3], "--seed", "6") != first)
        }

        private static let options = [
            "train": [
                "<pipeline>", "--set", "--run-dir", "--port", "--address", "--keys", "--dashboard", "--quiet", "--json",
            ],
            "top": ["<run>", "--once"],
            "dashboard": ["<run>", "--at"],
            "plan": ["<pipeline>", "--set", "--json", "--search"],
            "worker": ["<pipeline>", "--set", "--rank", "--coordinator", "--keys", "--address"],
            "keys": ["<folder>", "--workers"],
            "report": ["<run>", "--json", "--skip"],
            "schedule": ["<name>", "--stages", "--microbatches", "--virtual", "--text", "--columns"],
            "profile": ["<pipeline>", "--set", "--repetitions", "--json"],
            "generate": [
                "<model>", "--prompt", "--prompts", "--tokens", "--temperature", "--top-k", "--top-p", "--min-p",
                "--repetition-penalty", "--greedy", "--seed", "--stop", "--stages", "--devices", "--ids", "--json",
            ],
            "doctor": ["--json"],
        ]

        @Test(arguments: options.keys.sorted()) func `help names every option`(command: String) throws {
            let lab = try Lab()
            let help = try lab.run([command, "--help"])
            #expect(help.exitCode == 0)
            for option in try #require(Self.options[command]) { #expect(help.output.contains(option), "\(option)") }
            #expect(help.output.contains("OVERVIEW: ") && help.output.contains("USAGE: echelon \(command)"))
            let overview = try lab.run(["--help"])
            #expect(overview.exitCode == 0 && overview.output.contains("\n  \(command) "))
            #expect(overview.output.contains("Exit codes: 0 done; 64 bad input"))
        }

        @Test func `doctor says what the machine offers`() throws {
            let lab = try Lab()
            let json = try lab.run(["doctor", "--json"])
            #expect(json.exitCode == 0)
            #expect(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) is [String: Any])
            #expect(try lab.run(["doctor"]).exitCode == 0)
        }
    }
}
