package import Planning
package import Runs
import Scheduling
import Systems

/// How an attempt follows the one before without a checkpoint: with the states that its workers have in memory.
package struct Succession {
    /// Steps that are done.
    package let step: Int
    /// Ranks whose workers are new: they have nothing.
    private let newRanks: Set<Int>
    /// What workers send each other before the first step.
    package let transfers: [KeptStart.Transfer]
    /// Whether the evaluation behind the last step is still to be made.
    let evaluates: Bool
    /// What happened, and when it began, in nanoseconds.
    let cause: String
    private let since: UInt64

    /// - Parameters:
    ///   - lost: ranks of `old` whose workers are gone.
    ///   - cause: begins a sentence, for people.
    ///   - since: when the run stood still, in nanoseconds.
    /// - Returns: nil where what is needed is nowhere any more, or no link leads from there.
    package init?(
        from old: TrainingPlan, to new: TrainingPlan, without lost: Set<Int>, behind step: Int, evaluates: Bool,
        cause: String, since: UInt64
    ) {
        guard let transfers = Self.transfers(from: old, to: new, without: lost) else { return nil }
        self.transfers = transfers
        self.step = step
        newRanks = lost
        self.evaluates = evaluates
        self.cause = cause
        self.since = since
    }

    package func isNew(_ rank: Int) -> Bool { newRanks.contains(rank) }

    private static func transfers(
        from old: TrainingPlan, to new: TrainingPlan, without lost: Set<Int>
    ) -> [KeptStart.Transfer]? {
        guard old.hasState else { return [] }
        let owned = old.placement.ranks.map { Set(old.stateSizes(ofRank: $0).keys) }
        var transfers: [KeptStart.Transfer] = []
        for rank in new.placement.ranks {
            let isNew = lost.contains(rank)
            let missing = Set(new.stateSizes(ofRank: rank).keys).subtracting(isNew ? [] : owned[rank])
            var bySource: [Int: [String]] = [:]
            for name in missing.sorted() {
                // Its own worker's copy, or its mirror's where that worker is gone.
                let sources = owned.indices.filter { owned[$0].contains(name) }.compactMap {
                    lost.contains($0) ? old.mirror(of: $0) : $0
                }
                let source = sources.first { $0 != rank && !lost.contains($0) && new.areLinked(rank, $0) }
                guard let source else { return nil }
                bySource[source, default: []].append(name)
            }
            for (source, names) in bySource.sorted(by: { $0.key < $1.key }) {
                transfers.append(KeptStart.Transfer(from: source, to: rank, tensors: names))
            }
        }
        return transfers
    }

    /// What to begin with, once every rank has said what it brings.
    /// - Throws: where a state is missing: a worker was lost before it was copied.
    package func start(_ kept: [Int: KeptStates], _ plan: TrainingPlan) throws(RunFailure) -> KeptStart {
        let ranks = plan.placement.ranks.filter { !isNew($0) }
        for rank in ranks where kept[rank]?.own[step] == nil {
            throw missing("worker \(rank)'s")
        }
        for transfer in transfers where isNew(transfer.to) && kept[transfer.from]?.mirrored.contains(step) != true {
            throw missing("the lost worker \(transfer.to)'s, of which worker \(transfer.from) has older copies")
        }
        guard let state = ranks.first.flatMap({ kept[$0]?.own[step] }) else { throw missing("every worker's") }
        return KeptStart(state: state, transfers: transfers, evaluates: evaluates)
    }

    private func missing(_ whose: String) -> RunFailure {
        RunFailure(.interrupted, "the state behind step \(step) is not in memory any more: \(whose)")
    }

    /// For people, once the run goes on.
    package func done(at now: UInt64) -> String {
        "\(cause); going on behind step \(step) after \((Double(now &- since) / 1e9).secondsText)"
    }
}
