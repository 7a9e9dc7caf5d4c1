/// What a rank's clock said at an instant of the coordinator's clock, and how far the two may be off.
public struct ClockReading: Hashable, Sendable {
    /// Nanoseconds.
    public var own: UInt64
    public var coordinator: UInt64
    public var error: UInt64

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
