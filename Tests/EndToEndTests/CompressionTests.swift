import TestSupport
import Testing

extension EndToEndTests {
    /// Messages between stages with fewer bits.
    @Suite struct CompressionTests {
        private let more = ["steps=30", "devices=\(Lab.devices(2))", "schedule=1f1b"]

        @Test(arguments: ["bf16", "int8"])
        func `losses stay near those of whole messages, and do not depend on the schedule`(form: String) throws {
            let lab = try Lab()
            let whole = try lab.train(more, run: "whole")
            let run = try lab.train(more + ["compress=\(form)"], run: "small")
            #expect(run.losses != whole.losses && run.losses.count == 30)
            for (small, usual) in zip(run.losses, whole.losses) { #expect(abs(small - usual) < 0.005 * usual) }
            for (index, schedule) in ["gpipe", "zb-h1"].enumerated() {
                let other = try lab.train(more + ["compress=\(form)", "schedule=\(schedule)"], run: "\(index)")
                #expect(other.losses == run.losses && other.weights == run.weights)
            }
        }

        /// What rounding left is handed on within a lane alone.
        @Test(arguments: ["f32", "bf16", "f16"])
        func `with lanes, any number of replicas and a checkpoint in between change no bit`(precision: String) throws {
            let lab = try Lab()
            let all = ["batch={micro: 2, global: 16}", "lanes=2", "compress=int8", "precision=\(precision)", "steps=6"]
            let one = try lab.train(all + ["devices=\(Lab.devices(2))"], run: "one")
            let two = try lab.train(all + ["devices=\(Lab.devices(4))", "replicas=2"], run: "two")
            #expect(one.losses == two.losses && one.gradientNorms == two.gradientNorms)
            #expect(one.weights != nil && one.weights == two.weights)
            let again = all + ["devices=\(Lab.devices(2))", "checkpoint={every: 3}"]
            _ = try lab.train(again, run: "again")
            let rest = try lab.train(again, run: "again", ["--quiet", "--resume", "3"])
            #expect(rest.losses == one.losses && rest.weights == one.weights)
        }
    }
}
