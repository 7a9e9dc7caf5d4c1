import Foundation
import Systems

/// `live.json`: what a run is doing right now, rewritten by the coordinator about once a second. `echelon top` shows
/// it.
public struct LiveStatus: Codable, Hashable, Sendable {
    /// How far the run has come.
    public enum State: String, Codable, Sendable {
        /// Workers start and connect.
        case starting
        /// All workers are ready, and steps run.
        case running
        /// All steps have finished.
        case done
        /// The run ended early, or its training diverged.
        case failed
        /// What readers make of a file that was not brought up to date, as on a full disk, by a run that is over
        /// (`current`); no run writes it.
        case gone
    }

    /// What one rank does.
    public struct Rank: Codable, Hashable, Sendable {
        /// Number of the rank.
        public var rank: Int
        /// Its device, as in the manifest: `cpu:0`.
        public var device: String
        /// Counted from 1.
        public var step: Int
        /// `2F0`
        public var instruction: String
        /// `computing`, `waiting for rank 1's gradient of micro-batch 3, step 7`
        public var phase: String
        /// Idle over wall of this rank's last finished step.
        public var bubbleFraction: Double?
        /// The worker process's largest resident memory so far, bytes; 0 where it is not known yet.
        public var peakBytes: Int

        /// A rank that has not begun its first step, unless told.
        public init(
            rank: Int, device: String, step: Int = 0, instruction: String = "", phase: String = "starting",
            bubbleFraction: Double? = nil, peakBytes: Int = 0
        ) {
            self.rank = rank
            self.device = device
            self.step = step
            self.instruction = instruction
            self.phase = phase
            self.bubbleFraction = bubbleFraction
            self.peakBytes = peakBytes
        }
    }

    /// Version of the JSON form.
    public var version = 1
    /// Name of the pipeline.
    public var name: String
    /// How far the run has come.
    public var state: State
    /// Steps of the whole run.
    public var steps: Int
    /// Of the last finished step.
    public var metrics: StepMetrics?
    /// Tokens of all steps that are done; nil where nobody counted them.
    public var tokens: Int?
    /// Indexed by rank.
    public var ranks: [Rank]
    /// Seconds since 1970.
    public var updatedAt: Double

    /// The status at `updatedAt`: now unless given.
    public init(
        name: String, state: State, steps: Int, metrics: StepMetrics?, tokens: Int? = nil, ranks: [Rank],
        updatedAt: Double? = nil
    ) {
        self.name = name
        self.state = state
        self.steps = steps
        self.metrics = metrics
        self.tokens = tokens
        self.ranks = ranks
        self.updatedAt = updatedAt ?? Self.now
    }

    /// Seconds since 1970.
    public static var now: Double { Date().timeIntervalSince1970 }

    /// Replaces the file at once, so that a reader never sees half of it.
    public func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try File.replace(path, with: try encoder.encode(self))
    }

    /// Throws when the folder holds no run, or one that has not begun. Its texts are safe to print.
    public static func read(_ directory: RunDirectory) throws -> LiveStatus {
        let bytes: [UInt8]
        do {
            bytes = try File.read(directory.livePath, limit: sizeLimit)
        } catch  where error.isMissing {
            throw RunError.notARun(path: directory.path, reason: "it has no live.json")
        }
        do {
            return try JSONDecoder().decode(LiveStatus.self, from: Data(bytes)).withShownNames
        } catch let error as DecodingError {
            throw RunError.malformed(
                file: directory.livePath, expected: "a run's live status", got: error.summary)
        }
    }

    /// What is known of the run now: `read`, but `gone` where the file says that the run goes on, is some seconds old, and
    /// nobody holds the run's lock.
    public static func current(_ directory: RunDirectory, now: Double = now) throws -> LiveStatus {
        let first = try read(directory)
        guard first.isSilent(now: now), directory.isHeld == false else { return first }
        // The run may have written its end between the two looks.
        var status = try read(directory)
        if status.isSilent(now: now) { status.state = .gone }
        return status
    }

    /// Whether it should have been written again: a run that goes on does so once a second.
    package func isSilent(now: Double) -> Bool { [.starting, .running].contains(state) && age(now: now) > 3 }

    /// Of thousands of ranks, some hundred bytes each.
    private static let sizeLimit = 16 << 20

    /// The same with texts that are safe to print.
    private var withShownNames: LiveStatus {
        var copy = self
        copy.name = name.shownName
        for rank in ranks.indices {
            copy.ranks[rank].device = ranks[rank].device.shownName
            copy.ranks[rank].instruction = ranks[rank].instruction.shownName
            copy.ranks[rank].phase = ranks[rank].phase.shownName
        }
        return copy
    }

    /// Whole seconds since the last write; the difference may be of any size and sign where a clock was set or the file was copied.
    package func age(now: Double) -> Int { Int(min(max(0, now - updatedAt), 1e9)) }
}

extension RunDirectory {
    /// The file of the run's live status.
    public var livePath: String { path + "/live.json" }
}
