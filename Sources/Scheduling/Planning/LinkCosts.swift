/// What links can do.
public struct LinkCost: Hashable, Sendable {
    /// Seconds from a message's last byte to its arrival.
    public var latency: Double
    /// Bandwidth of one link, more than 0; infinite where only the latency counts.
    public var bytesPerSecond: Double

    /// A latency in seconds and a bandwidth in bytes per second.
    public init(latency: Double, bytesPerSecond: Double) {
        self.latency = latency
        self.bytesPerSecond = bytesPerSecond
    }

    /// Messages cost nothing.
    public static let free = LinkCost(latency: 0, bytesPerSecond: .infinity)

    package func time(bytes: Int) -> LinkTime {
        LinkTime(latency: latency, secondsPerMessage: Double(bytes) / bytesPerSecond)
    }

    /// Seconds of one message alone.
    package func seconds(bytes: Int) -> Double { latency + Double(bytes) / bytesPerSecond }

    /// As slow as the slower of both in either respect.
    package func slower(_ other: LinkCost) -> LinkCost {
        LinkCost(
            latency: max(latency, other.latency), bytesPerSecond: min(bytesPerSecond, other.bytesPerSecond))
    }
}

/// What links between any two places of a pipeline can do, where they differ.
public struct LinkCosts: Hashable, Sendable {
    /// Two places, whichever sends.
    public struct Pair: Hashable, Sendable {
        /// The lower of both.
        public let first: Int
        /// The higher of both.
        public let second: Int

        /// In either order.
        public init(_ one: Int, _ other: Int) { (first, second) = (min(one, other), max(one, other)) }
    }

    /// Between two places that `apart` does not have.
    public var usual: LinkCost
    /// Between places that are farther from each other, or nearer.
    public var apart: [Pair: LinkCost]

    /// The same for all, but for those of `apart`.
    public init(_ usual: LinkCost, apart: [Pair: LinkCost] = [:]) {
        self.usual = usual
        self.apart = apart
    }

    /// Either direction between two places.
    public subscript(_ one: Int, _ other: Int) -> LinkCost { apart[Pair(one, other)] ?? usual }
}
