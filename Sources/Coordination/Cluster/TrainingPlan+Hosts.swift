import Manifests
import Planning
import Runs
import Scheduling
import Tensors

extension TrainingPlan {
    /// Plans again for the links between a cluster's hosts: measured unless the manifest has them. Where the planner cuts, it
    /// also orders the hosts.
    /// - Returns: what to tell of it.
    mutating func fit(to options: Coordinator.Options) throws(RunFailure) -> [String] {
        guard let cluster = options.cluster, case .shell = cluster.way, cluster.distinctHosts.count > 1 else {
            return []
        }
        var notes: [String] = []
        var original = undecided
        if manifest.links == nil, let measure = options.measureLinks {
            let bytes = largestMessage
            original.links = try measure(cluster, bytes)
            self = try TrainingPlan(original)
            notes += original.links?.lines(of: cluster.distinctHosts, bytes: bytes) ?? []
        }
        if isPlanned, let ordered = hostOrder() {
            self = try TrainingPlan(ordered.applied(to: original))
            notes.append(ordered.text)
        }
        guard manifest.links != nil, let step = try prediction() else { return notes }
        return notes + ["by these links a step takes \(step.stepSeconds.secondsText), by \(step.source)"]
    }

    /// Bytes.
    private var largestMessage: Int {
        let bytes = edges.indices.map { edge in
            tensors(ofEdge: edge, .forward).reduce(0) { $0 + payload(ofEdge: edge, $1) }
        }
        return bytes.max() ?? 0
    }
}

extension PipelineManifest.Links {
    /// `link node-a – node-b: 23.1 ms for 512.0 KiB, 11.0 ms for a word`; of many the slowest alone.
    /// - Parameter bytes: of a message.
    func lines(of hosts: [String], bytes: Int) -> [String] {
        var found: [(text: String, seconds: Double)] = []
        for (index, one) in hosts.enumerated() {
            for other in hosts[(index + 1)...] {
                guard let speed = speed(one, other) else { continue }
                let latency = speed.milliseconds / 1e3
                let seconds = latency + Double(bytes) / speed.bytesPerSecond
                let names = "\(Self.name(one)) – \(Self.name(other))"
                found.append(
                    (
                        "link \(names): \(seconds.secondsText) for \(bytes.bytesText), \(latency.secondsText) for a word",
                        seconds
                    ))
            }
        }
        guard found.count > 6 else { return found.map(\.text) }
        let slowest = found.sorted { $0.seconds > $1.seconds }.prefix(3)
        return ["\(found.count) links between \(hosts.count) hosts; the slowest:"] + slowest.map(\.text)
    }
}
