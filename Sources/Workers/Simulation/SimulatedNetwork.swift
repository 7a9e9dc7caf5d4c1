import Manifests
import Systems
import Transport

/// When messages arrive over the network that a manifest's `sim` pretends: all that come to a worker follow one another, as
/// fast as its port lets them.
final class SimulatedNetwork {
    private let nanosecondsPerByte: Double
    private let latency: UInt64
    /// When the last byte of what has come so far has passed.
    private var freeAt: UInt64 = 0
    /// By link: the message at its head, and when it arrives.
    private var heads: [Int: (sequence: UInt64, arrival: UInt64)] = [:]

    /// nil where nothing is pretended.
    init?(_ manifest: PipelineManifest) {
        guard let network = manifest.simulation.network, manifest.devices[0].kind == .sim else { return nil }
        nanosecondsPerByte = 1e9 / network.bytesPerSecond
        latency = UInt64(network.milliseconds * 1e6)
    }

    /// When a message arrives, in nanoseconds of the clock. The same for each call with it.
    func arrival(link: Int, _ header: FrameHeader) -> UInt64 {
        if let head = heads[link], head.sequence == header.sequence { return head.arrival }
        let now = MonotonicClock.now
        let passed = max(freeAt, min(header.sentAt, now)) &+ UInt64(Double(header.payloadLength) * nanosecondsPerByte)
        freeAt = passed
        heads[link] = (header.sequence, passed &+ latency)
        return passed &+ latency
    }

    /// Waits until a message that was taken has arrived.
    /// - Returns: whether it had not.
    func await(link: Int, _ header: FrameHeader) -> Bool {
        let arrival = arrival(link: link, header)
        guard arrival > MonotonicClock.now else { return false }
        MonotonicClock.sleep(until: arrival)
        return true
    }
}
