/// What a checkpoint took.
public struct CheckpointMetrics: Hashable, Sendable {
    /// Steps that were done.
    public var step: Int
    /// Of all its files.
    public var bytes: Int
    /// From when training went on until all was on disk.
    public var seconds: Double
    /// Seconds that training stood still.
    public var stall: Double

    /// A checkpoint's figures.
    public init(step: Int, bytes: Int, seconds: Double, stall: Double) {
        self.step = step
        self.bytes = bytes
        self.seconds = seconds
        self.stall = stall
    }

    /// The JSON object on one line, without a line end.
    public func line() -> String {
        "{\"step\":\(step),\"bytes\":\(bytes),\"seconds\":\(seconds),\"stall_s\":\(stall)}"
    }
}
