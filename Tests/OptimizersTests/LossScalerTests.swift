import Foundation
import Optimizers
import Testing

/// DeepSpeed's dynamic rule, step by step.
@Suite struct LossScalerTests {
    /// Scales before each step, for a run of steps that overflow (x) or do not (·).
    private func scales(_ steps: String, _ settings: LossScaler.Settings) throws -> [Double] {
        var scaler = LossScaler(settings)
        return try steps.map { step in
            let scale = scaler.scale
            try scaler.update(overflow: step == "x")
            return scale
        }
    }

    @Test func `the first overflows spend the hysteresis then the scale halves`() throws {
        let scales = try scales("xxxx·", .init(initialPower: 4, window: 100, hysteresis: 2))
        #expect(scales == [16, 16, 8, 4, 2])
    }

    @Test func `after a window without overflow the scale doubles and hysteresis is refilled`() throws {
        // Last overflow at iteration 1: stable intervals 1, 2, 3, 4 at iterations 3, 4, 5, 6; doubled at 2 and at 4.
        let scales = try scales("xx·······xx·", .init(initialPower: 4, window: 2, hysteresis: 2))
        #expect(scales == [16, 16, 8, 8, 8, 16, 16, 32, 32, 64, 64, 32])
    }

    @Test func `from two to the fortieth it comes down to where gradients fit`() throws {
        var scaler = LossScaler(.init(initialPower: 40))
        var skipped = 0
        for _ in 0..<64 {
            let overflow = scaler.scale > 0x1p20
            try scaler.update(overflow: overflow)
            skipped += overflow ? 1 : 0
        }
        #expect(scaler.scale == 0x1p20)
        #expect(skipped == 21)
    }

    @Test func `at the minimum an overflow is an error`() throws {
        #expect(throws: OptimizerError.self) { try scales("xxxx", .init(initialPower: 1, hysteresis: 1, minimum: 1)) }
    }

    @Test func `a fixed scale never moves`() throws {
        #expect(try scales("x·x·xx", .init(fixed: 128)) == [128, 128, 128, 128, 128, 128])
    }

    /// A run of overflows (x) as DeepSpeed's own scaler went through it: Fixtures/make_scaler.py.
    private struct Trace: Decodable {
        var power: Int
        var window: Int
        var hysteresis: Int
        var minimum: Double
        var overflows: String
        /// Before each step.
        var scales: [Double]
        /// Whether the last overflow ended the run.
        var fails: Bool
    }

    @Test func `it does what DeepSpeed's scaler does`() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let json = try Data(contentsOf: path.appendingPathComponent("Fixtures/loss_scaler.json"))
        for trace in try JSONDecoder().decode([Trace].self, from: json) {
            var scaler = LossScaler(
                .init(
                    initialPower: trace.power, window: trace.window, hysteresis: trace.hysteresis,
                    minimum: trace.minimum))
            var (scales, fails): ([Double], Bool) = ([], false)
            for step in trace.overflows where !fails {
                scales.append(scaler.scale)
                do { try scaler.update(overflow: step == "x") } catch { fails = true }
            }
            #expect(scales == trace.scales)
            #expect(fails == trace.fails)
        }
    }
}
