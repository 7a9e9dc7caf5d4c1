import Foundation
import Optimizers
import Testing

@Suite struct LearningRateScheduleTests {
    private static let decays: [any Decay] = [ConstantDecay(), LinearDecay(), CosineDecay()]

    @Test func `a constant rate stays after its warm up`() throws {
        let schedule = try LearningRateSchedule(peak: 0.8, LearningRate(warmup: 4), steps: 10)
        let expected = [0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8]
        for (step, rate) in expected.enumerated() { #expect(abs(schedule.rate(step: step) - rate) < 1e-15) }
        #expect(try LearningRateSchedule(peak: 0.8, steps: 10).rate(step: 0) == 0.8)
    }

    @Test(arguments: decays, [0, 1, 5])
    func `peak and minimum are reached exactly`(decay: any Decay, warmup: Int) throws {
        let schedule = try LearningRateSchedule(
            peak: 0.5, LearningRate(warmup: warmup, decay: decay, minimum: 0.125), steps: 21)
        let peak = max(warmup - 1, 0)
        let end = decay is ConstantDecay ? 0.5 : 0.125
        #expect(schedule.rate(step: peak) == 0.5)
        for step in [20, 21, 1000, Int.max] { #expect(schedule.rate(step: step) == end) }
        for step in peak..<20 { #expect(schedule.rate(step: step) >= schedule.rate(step: step + 1)) }
        for step in 0..<peak { #expect(schedule.rate(step: step) < schedule.rate(step: step + 1)) }
        if !(decay is ConstantDecay) {
            #expect(schedule.rate(step: peak + 1) < 0.5 && schedule.rate(step: 19) > 0.125)
        }
    }

    @Test func `half way a linear and a cosine decay meet`() throws {
        for warmup in [0, 1] {
            for decay in [LinearDecay(), CosineDecay()] as [any Decay] {
                let schedule = try LearningRateSchedule(
                    peak: 1, LearningRate(warmup: warmup, decay: decay, minimum: 0.5), steps: 9)
                #expect(abs(schedule.rate(step: 4) - 0.75) < 1e-15)
            }
        }
        let cosine = try LearningRateSchedule(peak: 1, LearningRate(decay: CosineDecay()), steps: 5)
        #expect(abs(cosine.rate(step: 1) - (1 + 0.5.squareRoot()) / 2) < 1e-15)
        let linear = try LearningRateSchedule(peak: 1, LearningRate(decay: LinearDecay()), steps: 5)
        #expect(linear.rate(step: 1) == 0.75)
    }

    @Test func `runs that are all warm up or one step have no decay`() throws {
        for decay in Self.decays {
            let short = try LearningRateSchedule(peak: 1, LearningRate(decay: decay), steps: 1)
            #expect(short.rate(step: 0) == 1)
            let warm = try LearningRateSchedule(
                peak: 1, LearningRate(warmup: 8, decay: decay, minimum: 0.5), steps: 4)
            #expect((0..<4).map { warm.rate(step: $0) } == [0.125, 0.25, 0.375, 0.5])
            let exact = try LearningRateSchedule(
                peak: 1, LearningRate(warmup: 4, decay: decay, minimum: 0.5), steps: 4)
            #expect(exact.rate(step: 3) == 1)
        }
    }

    @Test func `settings that cannot work are refused`() {
        expectError("learning_rate.warmup: expected a whole number of at least 0, got -1") {
            try LearningRateSchedule(peak: 1, LearningRate(warmup: -1), steps: 1)
        }
        expectError("steps: expected at least 1, got 0") { try LearningRateSchedule(peak: 1, steps: 0) }
        expectError("learning_rate.minimum: expected at most the learning rate, 1.0, got 2.0") {
            try LearningRateSchedule(peak: 1, LearningRate(decay: CosineDecay(), minimum: 2), steps: 1)
        }
        expectError("lr: expected a number above 0, got nan") {
            try LearningRateSchedule(peak: .nan, steps: 1)
        }
    }
}
