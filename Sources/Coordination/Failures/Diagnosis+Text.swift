import Foundation
import Planning
import Transport

extension Diagnosis {
    /// Whom all wait for, behind `no worker made progress for 40 s: `.
    /// - Parameter place: where a rank is: ` at step 2, instruction 1F0 (computing)`.
    package func causeText(place: (Int) -> String) -> String {
        switch cause {
        case .rank(let rank):
            let name = "worker \(rank) (\(ranks[rank].device))"
            let others = ranks.count == 1 ? "\(name) stands still" : "all wait for \(name)"
            return others + (ranks[rank].condition == .stopped ? ", which is stopped," : "") + place(rank)
        case .cycle(let cycle):
            let names = cycle.map(String.init)
            let list = names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
            return "workers \(list) wait for each other" + place(cycle[0])
        case .link(let from, let to, let missing):
            let what = missing == 1 ? "a message" : "\(missing) messages"
            return "the link between worker \(from) and worker \(to) delivers nothing: \(what) left worker \(from) and "
                + "did not arrive" + place(to)
        case .coordinator: return "all of them wait for the coordinator" + place(0)
        }
    }

    /// Whose log may tell more; nil: nobody's.
    package var causeRank: Int? {
        switch cause {
        case .rank(let rank), .link(_, let rank, _): rank
        case .cycle(let cycle): cycle.first
        case .coordinator: nil
        }
    }

    /// A line for each rank, below a header.
    /// - Parameters:
    ///   - rank: whose failure it is.
    ///   - limit: so many ranks are shown: that one, those that wait for it, then the others.
    package func table(around rank: Int?, limit: Int = .max) -> [String] {
        var table = TextTable([
            ("worker", .right), ("device", .left), ("step", .right), ("at", .left), ("is", .left), ("for", .right),
            ("last on that link", .left), ("credit", .right), ("heard of", .right),
        ])
        for rank in shown(around: rank, limit) { table.add(row(rank)) }
        return table.lines()
    }

    private func shown(around rank: Int?, _ limit: Int) -> [Int] {
        guard ranks.count > limit else { return Array(ranks.indices) }
        func distance(_ other: Int) -> Int {
            guard let rank, other != rank else { return 0 }
            return awaited(by: other).contains(rank) ? 1 : 2
        }
        return ranks.indices.sorted { (distance($0), $0) < (distance($1), $1) }.prefix(limit).sorted()
    }

    private func row(_ rank: Int) -> [String] {
        let known = ranks[rank]
        let start = ["\(rank)", known.device]
        guard let status = known.status else {
            return start + ["–", "–", state(rank), "–", "–", "–", ago(known.heard)]
        }
        let link = awaitedLink(of: rank)
        let newest = link.map { link in
            link.newest.map { "\(names.text(of: $0)), \(ago(Double(link.age) / 1e9 + (known.heard ?? 0)))" }
                ?? "nothing yet"
        }
        return start + [
            "\(status.step + 1)", status.instruction.isEmpty ? "–" : status.instruction, state(rank),
            known.stalled.map(seconds) ?? "–", newest ?? "–",
            link.map { "\($0.credit) of \($0.creditLimit)" } ?? "–", ago(known.heard),
        ]
    }

    private func state(_ rank: Int) -> String {
        let known = ranks[rank]
        let phase = known.status.map { text(of: $0.phase, rank) }
        switch known.condition {
        case .alive: return phase ?? "not heard of"
        case .stopped: return "stopped" + (phase.map { "; before: \($0)" } ?? "")
        case .silent: return "silent" + (phase.map { "; before: \($0)" } ?? "")
        case .ended: return "gone" + (phase.map { "; before: \($0)" } ?? "")
        }
    }

    private func text(of phase: WorkerPhase, _ rank: Int) -> String {
        switch phase {
        case .starting: "starting"
        case .computing: "computing"
        case .reading: "reading data"
        case .saving: "saving"
        case .coordinated: "waiting for the coordinator"
        case .receiving(let peer, let message): "waiting for \(names.text(of: message)) of worker \(peer)"
        case .sending(let peer):
            "waiting for worker \(peer) to take a message"
                + (awaitedLink(of: rank).map { $0.credit == 0 ? ", without credit" : "" } ?? "")
        }
    }

    private func seconds(_ value: Double) -> String { String(format: "%.1f s", value) }
    private func ago(_ value: Double?) -> String { value.map { seconds($0) + " ago" } ?? "never" }
}
