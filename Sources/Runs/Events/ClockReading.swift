/// What a rank's clock said at an instant of the coordinator's clock, and how far the two may be off.
public struct ClockReading: Hashable, Sendable {
    /// The rank's clock, nanoseconds.
    public var own: UInt64
    /// The coordinator's clock at that instant, nanoseconds.
    public var coordinator: UInt64
    /// How far `coordinator` may be off, nanoseconds: the bound that a ping's round trip gives.
    public var error: UInt64

    /// All in nanoseconds.
    public init(own: UInt64, coordinator: UInt64, error: UInt64) {
        self.own = own
        self.coordinator = coordinator
        self.error = error
    }

    /// What to add to the rank's clock.
    package var offset: Int64 { Int64(bitPattern: coordinator &- own) }
    /// Whether the two clocks may be one and the same.
    package var fitsOneClock: Bool { offset.magnitude <= error }
}
