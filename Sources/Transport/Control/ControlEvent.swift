/// What the coordinator learns from `ControlServer.poll`.
public enum ControlEvent: Hashable, Sendable {
    case registered(rank: Int, process: Int32, host: String)
    /// A worker was sent away; the text says who and why.
    case refused(String)
    /// All ranks have registered and were told where to connect.
    case connecting
    /// All links are connected and all workers were told to go.
    case go
    case status(rank: Int, WorkerStatus)
    /// The best of what the last few answers told of a worker's clock.
    case clock(rank: Int, ClockSample)
    /// An application message.
    case message(rank: Int, [UInt8])
    /// The worker's own account of its end.
    case failed(rank: Int, code: Int32, text: String)
    /// The worker has finished.
    case goodbye(rank: Int)
    /// The worker's connection ended without a goodbye. Before `connecting`, its rank is free again.
    case gone(rank: Int)
}
