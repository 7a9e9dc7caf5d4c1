import Echelon
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// From a profile to a plan to a run, and schedules by hand.
    @Suite struct PlanningTests {
        private func plan(_ lab: Lab, _ overrides: [String]) throws -> PlanReport {
            let json = try lab.run(["plan", lab.folder.file("pipeline.yaml"), "--json"] + Lab.arguments(overrides))
            #expect(json.exitCode == 0, "\(json.errors)")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(PlanReport.self, from: Data(json.output.utf8))
        }

        @Test func `a profile decides the cuts and the run trains alike`() throws {
            let lab = try Lab()
            let pipeline = lab.folder.file("pipeline.yaml")
            let missing = try lab.startTraining(["partition=profile"]).finish()
            #expect(missing.exitCode == 64 && missing.errors.contains("`echelon profile \(pipeline)`"))
            #expect(try plan(lab, []).prediction == nil)
            let search = try lab.run(["plan", pipeline, "--search"])
            #expect(search.exitCode == 64 && search.errors.contains("no profile of this model"))

            let profile = try lab.run(["profile", pipeline, "--repetitions", "2"])
            #expect(profile.exitCode == 0, "\(profile.errors)")
            let kept = try #require(lab.folder.files.first { $0.hasPrefix("cache/echelon/profiles/") })
            #expect(profile.output.contains("Kept in \(lab.folder.file(kept)) "))
            #expect(profile.output.contains("transformer") && profile.output.contains("Link between two devices: "))

            let planned = try plan(lab, ["partition=profile"])
            #expect(planned.isPlanned && (planned.prediction?.stepSeconds ?? 0) > 0)
            #expect(try plan(lab, []).prediction != nil)
            let found = try lab.run(["plan", pipeline, "--search"])
            #expect(found.exitCode == 0 && found.output.contains("  1  --set "), "\(found.errors)")

            let usual = try lab.train(run: "usual")
            let run = try lab.train(["partition=profile"])
            #expect(run.losses == usual.losses && run.weights == usual.weights)
            #expect(try lab.folder.text("run/pipeline.yaml").contains("partition: {cuts: ["))
        }

        @Test func `train measures what schedule auto is chosen by, once, and changes no bit`() throws {
            let lab = try Lab()
            let refused = try lab.run(["plan", lab.folder.file("pipeline.yaml"), "--set", "schedule=auto"])
            #expect(
                refused.exitCode == 64 && refused.errors.contains("and so does `echelon train`"), "\(refused.errors)")
            let auto = ["schedule=auto", "partition=auto"]
            let usual = try lab.train(run: "usual")
            let first = try lab.startTraining(auto, ["--json"]).finish()
            #expect(first.exitCode == 0 && first.errors.contains("measuring each layer, once"), "\(first.errors)")
            #expect(first.output.split(separator: "\n").allSatisfy { $0.hasPrefix("{") })
            let run = try FinishedRun(lab.folder, "run", first)
            #expect(run.losses == usual.losses && run.weights == usual.weights)
            let second = try lab.startTraining(auto, run: "again").finish()
            #expect(second.exitCode == 0 && !second.errors.contains("measuring"), "\(second.errors)")
            #expect(second.output.contains("\n  schedule auto: "))
            let kept = try lab.folder.text("run/pipeline.yaml")
            #expect(!kept.contains("auto\n") && kept.contains("partition: {cuts: ["))
            #expect(try plan(lab, auto).choice != nil)
        }

        @Test func `memory that does not suffice is refused before anything starts`() throws {
            let lab = try Lab()
            let outcome = try lab.startTraining(["memory=46MiB"]).finish()
            #expect(outcome.exitCode == 64 && outcome.errors.contains("more than its limit of 46.0 MiB"))
            #expect(!lab.folder.exists("run"))
            let shown = try lab.run(["plan", lab.folder.file("pipeline.yaml"), "--set", "memory=46MiB"])
            #expect(shown.exitCode == 64 && shown.output.contains("missing"))
            #expect(try lab.train(["memory=1GiB"]).losses.count == 4)
        }

        @Test func `a schedule that was saved is read back and needed no more`() throws {
            let lab = try Lab()
            let text = try lab.run(["schedule", "zb-h1", "--stages", "2", "--microbatches", "3", "--text"])
            try lab.folder.write("# saved\n" + text.output, to: "my.txt")
            let usual = try lab.train(run: "usual")
            let written = try lab.train(["schedule.file=\(lab.folder.file("my.txt"))"])
            #expect(written.losses == usual.losses && written.weights == usual.weights)
            try FileManager.default.removeItem(atPath: lab.folder.file("my.txt"))
            let again = try lab.run([
                "train", lab.folder.file("run/pipeline.yaml"), "--run-dir", lab.folder.file("again"), "--quiet",
            ])
            #expect(again.exitCode == 0, "\(again.errors)")
            #expect(try FinishedRun(lab.folder, "again", again).losses == usual.losses)
            #expect(try lab.run(["report", lab.folder.file("run")]).output.contains("my.txt"))
        }

        /// Four stages on two devices: the first and the last, and the two between.
        @Test func `stages may lie on devices in any order`() throws {
            let lab = try Lab()
            let text = """
                0F0 0F1 3F0 3B0 0B0 0F2 3F1 3I1 0B1 3W1 3F2 3B2 0B2
                1F0 2F0 1F1 2F1 2B0 1B0 1F2 2F2 2B1 1I1 1W1 2B2 1B2
                """
            try lab.folder.write(text, to: "my.txt")
            let drawn = try lab.run(["schedule", lab.folder.file("my.txt")])
            #expect(drawn.exitCode == 0 && drawn.output.hasPrefix("rank 0 0F0"), "\(drawn.errors)")
            let usual = try lab.train(run: "usual")
            let written = try lab.train(["schedule={file: my.txt}", "partition={cuts: [2, 4, 6]}"])
            #expect(written.losses == usual.losses && written.weights == usual.weights)
        }

        @Test func `a mistake in a schedule names its line and cell`() throws {
            let lab = try Lab()
            try lab.folder.write("0F0 0F1 0F2 0B0 0B1 0B2\n# next\n1F0 1B0 1F1 1B1 1F2 1B3\n", to: "my.txt")
            let outcome = try lab.startTraining(["schedule.file=\(lab.folder.file("my.txt"))"]).finish()
            #expect(outcome.exitCode == 64 && !lab.folder.exists("run"))
            #expect(outcome.errors.hasPrefix("echelon: \(lab.folder.file("my.txt")):"), "\(outcome.errors)")
        }
    }
}
