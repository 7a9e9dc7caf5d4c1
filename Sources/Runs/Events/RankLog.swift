/// Everything one rank logged, with what is needed to read its clock.
public struct RankLog: Hashable, Sendable {
    /// Number of the rank.
    public var rank: Int
    /// As in the manifest: `cpu:0`.
    public var device: String
    /// Name of the machine that the rank runs on.
    public var host: String
    /// Nanoseconds to add to this rank's clock to get the coordinator's.
    public var clockOffset: Int64
    /// How far `clockOffset` may be off, in nanoseconds; 0 where the clock is shared.
    public var clockError: UInt64
    /// What its clock said over the run, in order; where there are any, they count instead of `clockOffset`.
    public var readings: [ClockReading]
    /// In the order they happened.
    public var events: [Event]

    /// A log without events, on the coordinator's clock, unless told.
    public init(
        rank: Int, device: String = "", host: String = "", clockOffset: Int64 = 0, clockError: UInt64 = 0,
        readings: [ClockReading] = [], events: [Event] = []
    ) {
        self.rank = rank
        self.device = device
        self.host = host
        self.clockOffset = clockOffset
        self.clockError = clockError
        self.readings = readings
        self.events = events
    }
}
