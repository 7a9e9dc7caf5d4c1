/// What the coordinator learns from `ControlServer.poll`.
package enum ControlEvent: Hashable, Sendable {
    case registered(rank: Int, process: Int32, host: String)
    /// A worker was refused; the text says which and why.
    case refused(String)
    /// All ranks have registered and were told where to connect.
    case connecting
    /// All links are connected and all workers were told to go.
    case go
    case status(rank: Int, WorkerStatus)
    /// The best of the last few samples of a worker's clock.
    case clock(rank: Int, ClockSample)
    /// An application message.
    case message(rank: Int, [UInt8])
    /// The worker's own report of why it ends.
    case failed(rank: Int, code: Int32, text: String)
    /// The worker has finished.
    case goodbye(rank: Int)
    /// The worker's connection ended without a goodbye. Before `connecting`, its rank is free again.
    case gone(rank: Int)
}
