public import Runs

/// The line of a checkpoint, among a run's progress lines.
///
/// `step 100/200  checkpoint of 360.2 MiB in 2.1 s; training stood still for 12 ms`
public struct CheckpointLine: Hashable, Sendable {
    /// What it took.
    public var metrics: CheckpointMetrics
    /// Steps of the whole run.
    public var steps: Int

    /// A line for one checkpoint.
    public init(_ metrics: CheckpointMetrics, of steps: Int) {
        self.metrics = metrics
        self.steps = steps
    }

    /// Without a line end.
    public var plain: String {
        "step \(metrics.step)/\(steps)  checkpoint of \(Format.fixed(Double(metrics.bytes) / 1_048_576, 1)) MiB in "
            + "\(Format.fixed(metrics.seconds, 1)) s; training stood still for \(Format.fixed(metrics.stall * 1000, 0)) ms"
    }
}
