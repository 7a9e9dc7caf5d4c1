import Planning
package import Runs
import Scheduling
import Systems
import Transport

/// Where workers that the coordinator does not start on its own machine reach it, and by what they prove themselves.
package struct HandEntrance {
    /// The port that was asked for; nil: any free one.
    let port: UInt16?
    /// `tcp://10.0.0.1:5555`; nil where nobody is expected.
    let address: String?
    /// nil: they know the run's secret, and are on this machine.
    let keys: CoordinatorKeys?
    /// How long the workers' start may take, where that is another time than usual.
    let patience: Duration?

    /// - Throws: bad input: an address that others reach without keys, keys that nobody would show.
    init(_ plan: TrainingPlan, _ options: Coordinator.Options) throws(RunFailure) {
        let ranks = plan.placement.ranks(on: .byHand)
        patience = ranks.isEmpty ? nil : .seconds(3600)
        for (option, value) in [("--address", options.address), ("--keys", options.keys)] where value != nil {
            guard !ranks.isEmpty else {
                throw .badInput("\(option): no worker is started by hand; expected by_hand: [RANK] in the pipeline")
            }
        }
        port = options.port
        let host = try options.address.map { name throws(RunFailure) in try Self.host(name) } ?? "127.0.0.1"
        if let name = options.address, options.keys == nil, !Address.isLoopback(host[...]) {
            throw .badInput(
                "--address \(name.printable()): other machines reach it, and the run has no keys: make them with "
                    + "`echelon keys keys --workers \(plan.placement.rankCount)`, and add --keys keys")
        }
        keys = try options.keys.map { path throws(RunFailure) in try KeyFile.coordinator(at: path, ranks: ranks) }
        address = options.port == nil && ranks.isEmpty ? nil : "tcp://\(host):\(options.port ?? 0)"
    }

    /// Of a run on several hosts.
    init(_ plan: TrainingPlan, _ options: Coordinator.Options, _ cluster: Cluster) throws(RunFailure) {
        guard options.keys == nil else {
            throw .badInput("--keys: a run on several hosts makes keys of its own; leave it out")
        }
        port = options.port
        let ranks = plan.placement.ranks(on: .elsewhere)
        guard let name = cluster.address, !ranks.isEmpty else {
            (keys, address, patience) = (nil, nil, nil)
            return
        }
        // Over the devices that are left, another rank may be elsewhere.
        keys = try cluster.keys.coordinator(ranks: Array(plan.placement.ranks))
        address = "tcp://\(try Self.host(name)):\(options.port ?? 0)"
        // Workers on other hosts read all of the data's files before they come, to compare them.
        patience = .seconds(1800)
    }

    /// The number of one of this machine's addresses.
    package static func host(_ name: String) throws(RunFailure) -> String {
        do {
            let host = try Address.host(of: Address.resolve("tcp://\(name):0", elsewhere: true))
            // As the system's own name is 127.0.1.1 on Debian.
            if Address.isLoopback(host[...]), !Address.isLoopback(name[...]), name != "localhost" {
                throw RunFailure.badInput(
                    "--address \(name.printable(limit: 300)) is \(host) here, which no other machine reaches; expected "
                        + "the number by which the others reach this one")
            }
            return host
        } catch TransportError.address(_, let reason) {
            throw .badInput("--address \(name.printable(limit: 300)): \(reason)")
        } catch {
            throw RunFailure(wrapping: error)
        }
    }
}
