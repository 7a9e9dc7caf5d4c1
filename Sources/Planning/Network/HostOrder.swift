package import Manifests
import Models
import Runs
import Scheduling
import Tensors

/// An order of a run's hosts in which less of a step passes slow links than in the order that was given.
package struct HostOrder {
    /// The hosts, in the pipeline's order.
    package let hosts: [String]
    /// By device of the new order, the device in the old one.
    let devices: [Int]
    /// Seconds of a step that messages take which nothing lies over, by this order and by the one before.
    package let seconds: (now: Double, before: Double)

    /// The same pipeline with its devices, and what belongs to them, in this order.
    package func applied(to manifest: PipelineManifest) -> PipelineManifest {
        var ordered = manifest
        ordered.devices = devices.map { manifest.devices[$0] }
        ordered.hosts = devices.map { manifest.hosts[$0] }
        ordered.memory = manifest.memory.map { memory in devices.map { memory[$0] } }
        return ordered
    }

    package var text: String {
        let names = hosts.map(PipelineManifest.Links.name).joined(separator: ", ")
        return "hosts in the order \(names): messages take \(seconds.now.secondsText) of a step, "
            + "\(seconds.before.secondsText) in the order given"
    }
}

extension TrainingPlan {
    /// The best order of the hosts; nil: the one that is given, or as good as it.
    ///
    /// A step waits for the first micro-batch's way through all stages and back, for the slowest link once for each further
    /// micro-batch, and for the exchange of gradients. Hosts stay whole: their devices are neighbours. All orders of up to seven
    /// hosts are tried; of more, any two change places while that helps.
    package func hostOrder() -> HostOrder? {
        guard manifest.links != nil, !manifest.hosts.isEmpty else { return nil }
        var blocks: [(host: String, devices: [Int])] = []
        for (device, host) in manifest.hosts.enumerated() {
            if let known = blocks.firstIndex(where: { $0.host == host }) {
                blocks[known].devices.append(device)
            } else {
                blocks.append((host, [device]))
            }
        }
        guard blocks.count > 1 else { return nil }
        let before = communicationSeconds(Array(manifest.hosts.indices))
        func seconds(_ order: [Int]) -> Double { communicationSeconds(order.flatMap { blocks[$0].devices }) }
        let best = Self.bestOrder(of: blocks.count, seconds)
        let now = seconds(best)
        // What is measured differs by some percent from one time to the next.
        guard now < before * 0.9 else { return nil }
        return HostOrder(
            hosts: best.map { blocks[$0].host }, devices: best.flatMap { blocks[$0].devices }, seconds: (now, before))
    }

    private static func bestOrder(of count: Int, _ seconds: ([Int]) -> Double) -> [Int] {
        var (best, least) = (Array(0..<count), seconds(Array(0..<count)))
        func consider(_ order: [Int]) -> Bool {
            let time = seconds(order)
            guard time < least else { return false }
            (best, least) = (order, time)
            return true
        }
        if count <= 7 {
            var order = best
            // Heap's algorithm.
            func permute(_ length: Int) {
                guard length > 1 else { return _ = consider(order) }
                for index in 0..<length {
                    permute(length - 1)
                    order.swapAt(length.isMultiple(of: 2) ? index : 0, length - 1)
                }
            }
            permute(count)
            return best
        }
        var helps = true
        while helps {
            helps = false
            for one in 0..<count {
                for other in one + 1..<count {
                    var order = best
                    order.swapAt(one, other)
                    helps = consider(order) || helps
                }
            }
        }
        return best
    }

    /// Seconds of a step that messages take.
    /// - Parameter order: of the devices.
    private func communicationSeconds(_ order: [Int]) -> Double {
        var ordered = manifest
        ordered.hosts = order.map { manifest.hosts[$0] }
        let places = schedule.rankOfStage
        var (fill, slowest) = (0.0, 0.0)
        for stage in places.indices.dropLast() where places[stage] != places[stage + 1] {
            let bytes = edges.indices.filter { edges[$0].from <= stage && edges[$0].to > stage && $0 != targetsEdge }
                .reduce(0) { $0 + tensors(ofEdge: $1, .forward).reduce(0) { $0 + $1.byteCount } }
            let time = ordered.linkCost(ofPlaces: places[stage], places[stage + 1], usual: .free).time(bytes: bytes)
            fill += 2 * (time.latency + time.secondsPerMessage)
            slowest = max(slowest, time.secondsPerMessage)
        }
        let bytes = shardModel.parameterCount * DType.f32.size / max(placement.positions, 1)
        let exchange = (0..<placement.positions).map { position in
            ReplicaTime(
                replicas: manifest.replicas, bytes: bytes, layers: 1, lastPass: 0,
                link: ordered.slowestLink(of: .replicas(position: position), usual: .free)
            ).underWay
        }
        let among = ordered.slowestLink(of: .shards, usual: .free)
        let sums =
            manifest.tensor > 1 ? Double(4 * model.layerCount * manifest.batch.microBatches) * among.latency : 0
        return fill + Double(manifest.batch.microBatches - 1) * slowest + (exchange.max() ?? 0) + sums
    }
}
