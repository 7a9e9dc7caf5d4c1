/// What adding a rank's gradients to those of its other replicas takes, in seconds.
///
/// Of R replicas each adds up 1/R of the gradients: (R − 1)/R of their bytes come in as parts, and as much as sums. What a
/// layer has made leaves at once, while the rank goes on with the layers before it: all but the last layer's can be hidden.
public struct ReplicaTime: Hashable, Sendable {
    /// Copies of the pipeline.
    public var replicas: Int
    /// Bytes of the rank's gradients.
    public var bytes: Int
    /// Layers whose gradients the rank's last pass makes whole one after the other, at least 1.
    public var layers: Int
    /// Seconds of that pass.
    public var lastPass: Double
    /// Whether the sums come back before the update; else updated weights do, behind it.
    public var returnsSums: Bool
    /// Between replicas.
    public var link: LinkCost
    /// Whether something else than what computes carries messages and adds: else nothing is hidden.
    public var isHidden: Bool

    /// `layers` of one rank, whose last pass takes `lastPass` seconds.
    public init(
        replicas: Int, bytes: Int, layers: Int, lastPass: Double, returnsSums: Bool = true, link: LinkCost,
        isHidden: Bool = true
    ) {
        self.isHidden = isHidden
        self.replicas = replicas
        self.bytes = bytes
        self.layers = max(layers, 1)
        self.lastPass = lastPass
        self.returnsSums = returnsSums
        self.link = link
    }

    /// Of parts alone, or of sums alone.
    private var oneWay: Double { Double(bytes) * Double(replicas - 1) / Double(replicas) / link.bytesPerSecond }

    /// Seconds on the way, hidden or not.
    public var underWay: Double { replicas > 1 ? (returnsSums ? 2 : 1) * (oneWay + link.latency) : 0 }

    /// Seconds from the rank's last instruction until its gradients are added: nothing lies over them.
    public var exposed: Double {
        guard replicas > 1 else { return 0 }
        let ways = returnsSums ? 2.0 : 1.0
        let ofLastLayer = ways * (oneWay / Double(layers) + link.latency)
        let hiding = isHidden ? lastPass * (1 - 1 / Double(layers)) : 0
        return max(ofLastLayer, underWay - hiding)
    }

    /// Seconds behind the update until the weights of all replicas are there.
    public var returning: Double { replicas > 1 && !returnsSums ? oneWay + link.latency : 0 }
}
