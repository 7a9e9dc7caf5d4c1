import Manifests
public import Planning
package import Runs
import Scheduling
import Systems
import Transport

/// Whether the processes of a run may open as many descriptors as they will need: before anything is claimed or started.
public enum DescriptorCheck {
    /// Standard input, output and error; the lock, metrics, weights, lifeline and logs of a coordinator, or the data and
    /// weights of a worker; and a few for what is opened for a moment, strangers' connections among it.
    public static let besides = 20

    /// By a run's coordinator: sockets, and an event file for each rank.
    public static func coordinator(ranks: Int) -> Int {
        DescriptorNeeds.coordinator(world: ranks) + ranks + besides
    }

    /// By one worker: its sockets, and what `besides` counts.
    /// - Parameter ports: how many of the links may have a port at the worker's end.
    public static func worker(links: Int, ports: Int) -> Int {
        DescriptorNeeds.worker(links: links, ports: ports) + besides
    }

    /// Raises the limit of this process, and so of its children, where it must.
    /// - Throws: bad input where it cannot be raised that far.
    package static func run(_ plan: TrainingPlan) throws(RunFailure) {
        let ranks = plan.placement.ranks.filter { plan.placement.host(of: $0) == .coordinator }
        let workers = ranks.map { (rank: $0, needed: worker(of: $0, plan)) }
        let coordinator = coordinator(ranks: plan.placement.rankCount)
        if let most = workers.max(by: { $0.needed < $1.needed }), most.needed > coordinator {
            return try require(most.needed, "worker \(most.rank) of this run")
        }
        try require(coordinator, "the coordinator of this run")
    }

    static func worker(_ rank: Int, _ plan: TrainingPlan) throws(RunFailure) {
        try require(worker(of: rank, plan), "worker \(rank)")
    }

    /// A worker's, with its links.
    public static func worker(of rank: Int, _ plan: TrainingPlan) -> Int {
        let links = MessagePort.links(of: rank, plan)
        // With keys a link has ports at both ends where one of them is on another machine.
        let distant = Set(plan.placement.distantRanks)
        let ports = links.count { distant.contains($0.source) || distant.contains($0.destination) }
        return worker(links: links.count, ports: ports)
    }

    package static func require(_ needed: Int, _ who: String) throws(RunFailure) {
        // With room for those who connect and do not belong to the run.
        let allowed = DescriptorLimit.raise(to: needed + 2 * DescriptorNeeds.strangers)
        guard allowed < needed else { return }
        throw .badInput(
            "\(who) needs \(needed) open files and sockets, this process may have \(allowed): raise the limit with "
                + "`ulimit -n \(needed)` before the command, or use fewer devices")
    }
}
