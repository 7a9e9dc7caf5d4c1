import Systems

/// Which of a run's steps a file of events holds.
///
/// `events/rank-0003.events` has the first steps, and all of them where the run's log stays below its limit;
/// `rank-0003.sample-05.events` a sample of the later ones; `rank-0003.newest-000017.events` the newest.
package enum EventPart: Hashable, Comparable {
    case first
    /// Blocks of steps whose number is a multiple of 2^level and of no higher power.
    case sample(level: Int)
    /// Counted on from 1; of two at most, the higher number is the newer.
    case newest(segment: Int)

    package func path(rank: Int, in directory: RunDirectory) -> String {
        let stem = directory.eventsPath(rank: rank).dropLast(".events".count)
        switch self {
        case .first: return stem + ".events"
        case .sample(let level): return stem + ".sample-\(level.digits(2)).events"
        case .newest(let segment): return stem + ".newest-\(segment.digits(6)).events"
        }
    }

    /// What a file's name says; nil for a file of another kind.
    static func parse(_ name: String) -> (rank: Int, part: EventPart)? {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard words.last == "events", words.count <= 3, let rank = number(words[0], after: "rank-") else { return nil }
        guard words.count == 3 else { return words.count == 2 ? (rank, .first) : nil }
        if let level = number(words[1], after: "sample-") { return (rank, .sample(level: level)) }
        return number(words[1], after: "newest-").map { (rank, .newest(segment: $0)) }
    }

    private static func number(_ word: Substring, after prefix: String) -> Int? {
        let digits = word.dropFirst(prefix.count)
        guard word.hasPrefix(prefix), !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return Int(digits).flatMap { $0 < 1 << 48 ? $0 : nil }
    }
}

extension RunDirectory {
    /// The parts that are there, by rank, in the order first, sample, newest.
    package func eventParts() -> [Int: [EventPart]] {
        var parts: [Int: [EventPart]] = [:]
        for name in (try? File.names(in: eventsPath)) ?? [] {
            if let (rank, part) = EventPart.parse(name) { parts[rank, default: []].append(part) }
        }
        return parts.mapValues { $0.sorted() }
    }
}
