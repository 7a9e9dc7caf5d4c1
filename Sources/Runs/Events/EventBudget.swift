/// Decides where a run's events go, so that all of them together stay below a number of bytes however long it runs: all
/// of the first steps, all of the newest, and of those in between a sample that thins out as the run goes on.
///
/// The decision depends on the step number and the bytes so far alone, so that all ranks keep the same steps, whichever
/// is ahead. Blocks of steps whose number is a multiple of 2^level are the sample; each such level has a file of
/// its own for the blocks that no higher level has, so that thinning out is deleting a file, which needs neither time
/// nor room.
struct EventBudget {
    /// Where the events of a step belong.
    enum Place: Equatable {
        /// With the run's first steps.
        case first
        /// In a segment of the newest ones, and in the sample's file of a level, if any.
        case later(segment: Int, level: Int?)
    }

    /// What to delete: the files of a segment or of a level.
    enum Outdated: Equatable {
        case segment(Int)
        case level(Int)
    }

    private let firstShare: Int
    private let segmentShare: Int
    private let sampleShare: Int
    private var newestStep = -1
    private var firstBytes = 0
    /// The first step that is no longer among the first ones; nil: not known yet.
    private var firstEnd: Int?
    /// The two newest segments: their numbers and first steps.
    private var segments: [(number: Int, start: Int)] = []
    private var segmentBytes = 0
    private var lowestLevel = 0
    private var levelBytes: [Int: Int] = [:]

    /// - Parameter bytes: of all ranks together; a quarter for the first steps, a quarter for the newest (two
    /// segments), half for the sample.
    init(bytes: Int) {
        firstShare = bytes / 4
        segmentShare = bytes / 8
        sampleShare = bytes / 2
    }

    func place(ofStep step: Int) -> Place {
        guard let firstEnd, step >= firstEnd, let first = segments.first else { return .first }
        let segment = segments.last { $0.start <= step } ?? first
        let level = EventBlock.level(ofStep: step)
        return .later(segment: segment.number, level: level >= lowestLevel ? level : nil)
    }

    /// Notes that so many bytes were written to each file of a step's place.
    /// - Returns: what must be deleted now, of all ranks.
    mutating func add(_ bytes: Int, step: Int) -> [Outdated] {
        newestStep = max(newestStep, step)
        guard case .later(_, let level) = place(ofStep: step) else {
            firstBytes += bytes
            if firstBytes > firstShare, firstEnd == nil { endFirst() }
            return []
        }
        return addToSegment(bytes) + (level.map { addToSample(bytes, level: $0) } ?? [])
    }

    private mutating func endFirst() {
        firstEnd = newestStep + 1
        segments = [(1, newestStep + 1)]
    }

    private mutating func addToSegment(_ bytes: Int) -> [Outdated] {
        segmentBytes += bytes
        guard segmentBytes > segmentShare, let last = segments.last, newestStep >= last.start else { return [] }
        segmentBytes = 0
        segments.append((last.number + 1, newestStep + 1))
        guard segments.count > 2 else { return [] }
        return [.segment(segments.removeFirst().number)]
    }

    private mutating func addToSample(_ bytes: Int, level: Int) -> [Outdated] {
        levelBytes[level, default: 0] += bytes
        var outdated: [Outdated] = []
        while levelBytes.count > 1, levelBytes.values.reduce(0, +) > sampleShare, let least = levelBytes.keys.min() {
            levelBytes[least] = nil
            lowestLevel = least + 1
            outdated.append(.level(least))
        }
        return outdated
    }
}
