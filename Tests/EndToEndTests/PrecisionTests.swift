import CPUDevices
import Echelon
import Testing

extension EndToEndTests {
    /// The laws in the 16-bit types, f16's way back from a scale that is far too large, and several cores in a device.
    @Suite struct PrecisionTests {
        private static let arrangements = [
            (2, "1f1b", "none"), (3, "gpipe", "stage"), (4, "1f1b", "{every: 1}"), (2, "zb-h1", "none"),
            (2, "interleaved", "none"), (2, "zb-v", "stage"),
        ]

        @Test(arguments: ["bf16", "f16"])
        func `losses and weights do not depend on cuts and schedules`(precision: String) throws {
            let lab = try Lab()
            let whole = try lab.train(["precision=\(precision)", "devices=\(Lab.devices(1))"], run: "whole")
            #expect(Set(whole.losses).count == 4)
            for (index, (stages, schedule, recompute)) in Self.arrangements.enumerated() {
                let overrides = [
                    "precision=\(precision)", "devices=\(Lab.devices(stages))", "schedule=\(schedule)",
                    "recompute=\(recompute)",
                ]
                let run = try lab.train(overrides, run: "\(index)")
                #expect(run.losses == whole.losses && run.gradientNorms == whole.gradientNorms, "\(overrides)")
                #expect(run.weights != nil && run.weights == whole.weights, "\(overrides)")
            }
        }

        /// DeepSpeed's rule with a hysteresis of 2: the first overflow leaves the scale, each further one halves it.
        @Test func `f16 comes down from a scale of two to the fortieth`() throws {
            let lab = try Lab()
            let run = try lab.train(["precision={f16: {initial_scale_power: 40}}", "steps=40"])
            let skipped = run.steps.prefix(while: \.isSkipped).count
            #expect((10..<36).contains(skipped))
            for (index, step) in run.steps.enumerated() {
                let halvings = max(min(index, skipped) - 1, 0)
                #expect(step.lossScale == 0x1p40 / Double(1 << halvings), "step \(index + 1)")
                #expect(step.isSkipped == (index < skipped), "step \(index + 1)")
            }
            #expect(run.losses.count == 40)
        }

        /// OpenBLAS, oneDNN and the kernels share the cores of a device; only the order of some sums differs.
        @Test(.enabled(if: Cores.allowed.contains(Cores.allowed[0] + 1)))
        func `two cores of one device learn what one does`()
            throws
        {
            let lab = try Lab()
            let cores = Cores.allowed
            let one = try lab.train(["devices=[cpu:\(cores[0])]"], run: "one")
            let two = try lab.train(["devices=[cpu:\(cores[0])-\(cores[0] + 1)]"], run: "two")
            #expect(zip(one.losses, two.losses).allSatisfy { abs($0 - $1) < 1e-5 * $0 })
            #expect(two.losses.count == one.losses.count)
        }
    }
}
