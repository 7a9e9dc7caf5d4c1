public import Partitioning

/// A change that was not made, and what a step would then take: the run's instructions replayed with its median times.
public struct WhatIf: Codable, Hashable, Sendable {
    /// What is changed.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// Nothing changed; what the others are compared with.
        case asRun = "as_run"
        /// All stages take the mean of their times.
        case balanced
        /// Some layers at the slowest stage's edge go to the stage beside it.
        case moveLayers = "move_layers"
        /// The cuts whose slowest stage is as fast as any cuts' can be.
        case bestCuts = "best_cuts"
        /// Twice the micro-batches of the same size in a step, so twice the global batch.
        case moreMicroBatches = "more_micro_batches"
        /// Messages arrive when they are made.
        case freeMessages = "free_messages"
        /// Passes over nothing but tokens.
        case noPadding = "no_padding"
        /// The same micro-batches in the order of another schedule; where it owns stages otherwise, with the best cuts for it.
        case otherSchedule = "other_schedule"
        /// No rank waits for the others before its update.
        case noBarrier = "no_barrier"
    }

    public var kind: Kind
    /// `balanced stages`
    public var title: String
    /// What it needs or assumes.
    public var remark: String?
    /// Where each stage but the first begins; nil where they stay as they are.
    public var cuts: [Cut]?
    /// The schedule to write for it; nil where it stays as it is.
    public var schedule: String?
    /// Of another schedule: how many times as many activations the fullest rank holds, by layers in flight.
    public var activations: Double?
    /// Milliseconds from one step to the next.
    public var stepMs: Double
    /// Tokens (or samples) per second at that pace.
    public var tokensPerS: Double
    /// More tokens per second than the replay of the run as it was: 0.09 is 9 % more.
    public var gain: Double
    /// Idle over wall.
    public var bubble: Double

    /// The result of one replay.
    public init(
        _ kind: Kind, title: String, remark: String? = nil, cuts: [Cut]? = nil, schedule: String? = nil,
        activations: Double? = nil, stepMs: Double, tokensPerS: Double, gain: Double, bubble: Double
    ) {
        self.kind = kind
        self.title = title
        self.remark = remark
        self.cuts = cuts
        self.schedule = schedule
        self.activations = activations
        self.stepMs = stepMs
        self.tokensPerS = tokensPerS
        self.gain = gain
        self.bubble = bubble
    }
}

extension WhatIf {
    /// What a manifest says for it: `schedule: zb-v, partition: {cuts: [3, 7, 8]}`; nil where that is nothing.
    var options: String? {
        let words = [
            kind == .noBarrier ? "speculate: true" : nil,
            schedule.map { "schedule: \($0)" },
            cuts.map { "partition: {cuts: \($0.text)}" },
        ].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }
}
