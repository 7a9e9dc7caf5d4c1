import Foundation
import Optimizers
import Testing

@Suite struct LearningRateScheduleTests {
    private static let decays: [any Decay] = [
        ConstantDecay(), LinearDecay(), CosineDecay(), StableDecay(decayShare: 1),
    ]

    /// Fixtures/schedules.json, from the script beside it.
    private struct Course: Decodable {
        var steps: Int
        var rates: [Double]
        var warmup: Int
        var kind: String
        var minimum: Double?
        var decay: Int?
        var shape: String?

        func schedule() throws -> LearningRateSchedule {
            let decay: any Decay =
                switch kind {
                case "linear": LinearDecay()
                case "cosine": CosineDecay()
                case "wsd":
                    StableDecay(decaySteps: self.decay, shape: try #require(StableDecay.Shape(rawValue: shape ?? "")))
                default: ConstantDecay()
                }
            return try LearningRateSchedule(
                peak: 3e-3, LearningRate(warmup: warmup, decay: decay, minimum: minimum ?? 0, warmupFrom: 0),
                steps: steps)
        }
    }

    @Test func `counted from 0 every rate is the one of Hugging Face's schedule`() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let json = try Data(contentsOf: path.appendingPathComponent("Fixtures/schedules.json"))
        let courses = try JSONDecoder().decode([Course].self, from: json)
        #expect(courses.count == 36)
        for course in courses {
            let schedule = try course.schedule()
            // A run that is all warm-up has no step behind its last.
            for step in 0..<(course.warmup < course.steps ? course.steps + 1 : course.steps) {
                let (expected, found) = (course.rates[step], schedule.rate(step: step))
                #expect(
                    abs(found - expected) <= 1e-12 * expected.magnitude,
                    "\(course.kind), \(course.steps) steps, warm-up \(course.warmup), step \(step)")
            }
        }
    }

    @Test func `the two ways of counting are one course, a step apart`() throws {
        for decay in Self.decays {
            let ours = try LearningRateSchedule(peak: 1, LearningRate(warmup: 4, decay: decay), steps: 20)
            let theirs = try LearningRateSchedule(
                peak: 1, LearningRate(warmup: 4, decay: decay, warmupFrom: 0), steps: 20)
            #expect(theirs.rate(step: 0) == 0 && ours.rate(step: 0) == 0.25)
            for step in 0...20 { #expect(theirs.rate(step: step + 1) == ours.rate(step: step)) }
        }
    }

    @Test func `a stable rate stays until its decay begins`() throws {
        for (decay, falling) in [
            (StableDecay(shape: .linear), 2), (StableDecay(decaySteps: 5, shape: .root), 5),
            (StableDecay(decaySteps: 99), 17), (StableDecay(decayShare: 1e-9), 1),
        ] {
            let schedule = try LearningRateSchedule(
                peak: 1, LearningRate(warmup: 3, decay: decay, minimum: 0.25), steps: 20)
            let rates = (0..<20).map { schedule.rate(step: $0) }
            #expect(rates[2...(19 - falling)].allSatisfy { $0 == 1 })
            for step in (19 - falling)..<19 { #expect(rates[step] > rates[step + 1]) }
            #expect(rates[19] == 0.25)
        }
    }

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
        expectError("learning_rate.warmup_from: expected a whole number of at least 0, got 2") {
            try LearningRateSchedule(peak: 1, LearningRate(warmup: 1, warmupFrom: 2), steps: 1)
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
