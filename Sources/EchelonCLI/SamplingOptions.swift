import ArgumentParser
import Echelon

/// How tokens are drawn.
struct SamplingOptions: ParsableArguments {
    @Flag(help: "Take the likeliest token each time.")
    var greedy = false

    @Option(help: "Below 1: safer; above 1: wilder.")
    var temperature: Double = 0.8

    @Option(help: "Draw among the so many likeliest tokens; 0: among all.")
    var topK: Int = 40

    @Option(help: "Draw among the likeliest tokens that together have this probability.")
    var topP: Double = 1

    @Option(help: "Draw among tokens at least so many times as likely as the likeliest.")
    var minP: Double = 0

    @Option(help: "Above 1: what the text has already becomes less likely.")
    var repetitionPenalty: Double = 1

    @Option(help: "The same seed writes the same text.")
    var seed: UInt64 = 0

    func validate() throws {
        guard topK >= 0 else { throw ValidationError("--top-k: expected at least 0, got \(topK)") }
        guard temperature >= 0, temperature.isFinite else {
            throw ValidationError("--temperature: expected 0 or more, got \(temperature)")
        }
        guard topP > 0, topP <= 1 else { throw ValidationError("--top-p: expected above 0, at most 1, got \(topP)") }
        guard (0...1).contains(minP) else { throw ValidationError("--min-p: expected 0 to 1, got \(minP)") }
        guard repetitionPenalty > 0, repetitionPenalty.isFinite else {
            throw ValidationError("--repetition-penalty: expected above 0, got \(repetitionPenalty)")
        }
    }

    /// Of the prompt at this place: each draws its own.
    func sampling(of prompt: Int) -> Generator.Sampling {
        Generator.Sampling(
            temperature: greedy ? 0 : temperature, topK: topK == 0 ? nil : topK, topP: topP, minP: minP,
            repetitionPenalty: repetitionPenalty, seed: seed &+ UInt64(prompt))
    }
}
