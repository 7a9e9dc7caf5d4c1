import Manifests
import Scheduling
import Tensors

/// What links cost by the hosts that they join.
extension PipelineManifest {
    /// Workers that exchange what a place of the pipeline has.
    enum Exchange {
        /// Of a place's replicas.
        case replicas(position: Int)
        /// Of the devices that share a layer, at any place.
        case shards
    }

    /// Between places of the pipeline: as slow as the slowest replica's.
    func linkCosts(usual: LinkCost) -> LinkCosts {
        var costs = LinkCosts(usual)
        guard compress != nil || links != nil && !hosts.isEmpty else { return costs }
        for one in 0..<positions {
            for other in one + 1..<max(positions, one + 1) {
                let cost = linkCost(ofPlaces: one, other, usual: usual)
                if cost != usual { costs.apart[LinkCosts.Pair(one, other)] = cost }
            }
        }
        return costs
    }

    /// Between two places of the pipeline.
    func linkCost(ofPlaces one: Int, _ other: Int, usual: LinkCost) -> LinkCost {
        let width = replicas * tensor
        var cost = (0..<width).reduce(LinkCost.free) {
            $0.slower(linkCost(one * width + $1, other * width + $1, usual: usual))
        }
        if let compress, compress.covers(one, other) { cost.bytesPerSecond *= share(of: compress) }
        return cost
    }

    /// The slowest link among those that exchange.
    func slowestLink(of exchange: Exchange, usual: LinkCost) -> LinkCost {
        guard links != nil, !hosts.isEmpty else { return usual }
        let groups: [[Int]]
        switch exchange {
        case .replicas(let position):
            groups = (0..<tensor).map { shard in
                (0..<replicas).map { (position * replicas + $0) * tensor + shard }
            }
        case .shards: groups = (0..<devices.count / tensor).map { Array($0 * tensor..<($0 + 1) * tensor) }
        }
        return groups.reduce(usual) { slowest, group in
            group.reduce(slowest) { slowest, one in
                group.reduce(slowest) { $1 > one ? $0.slower(linkCost(one, $1, usual: usual)) : $0 }
            }
        }
    }

    /// By place: seconds of a message to the coordinator, from the replica that is farthest; empty where all are near.
    var waysToCoordinator: [Double] {
        guard let links, !hosts.isEmpty else { return [] }
        let width = replicas * tensor
        let ways = (0..<positions).map { position in
            (0..<width).reduce(0) { max($0, (links.speed(hosts[position * width + $1], "")?.milliseconds ?? 0) / 1e3) }
        }
        return ways.contains { $0 > 0 } ? ways : []
    }

    /// Between two devices.
    private func linkCost(_ one: Int, _ other: Int, usual: LinkCost) -> LinkCost {
        guard let links, hosts.indices.contains(max(one, other)), let speed = links.speed(hosts[one], hosts[other])
        else { return usual }
        return LinkCost(latency: speed.milliseconds / 1e3, bytesPerSecond: speed.bytesPerSecond)
    }

    /// How many times smaller messages are.
    private func share(of compression: Compression) -> Double {
        let bytes = Double(precision.dtype.size)
        switch compression.form {
        case .bf16: return bytes / 2
        case .int8: return bytes
        }
    }
}
