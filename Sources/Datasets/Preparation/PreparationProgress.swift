/// How far a preparation has come.
package struct PreparationProgress: Hashable, Sendable {
    /// Since the start, those of an earlier one left out.
    package var samples = 0
    package var tokens = 0
    /// Of all files, those that an earlier start read included.
    package var bytesRead = 0
    /// Where this start began.
    package var bytesBefore = 0
    package var bytes = 0
    package var seconds = 0.0
    package var skipped = 0

    package var samplesPerSecond: Double { seconds > 0 ? Double(samples) / seconds : 0 }

    /// Seconds that the rest takes at this pace; nil: not known yet.
    package var secondsLeft: Double? {
        let done = bytesRead - bytesBefore
        guard done > 0, seconds > 0.5 else { return nil }
        return seconds * Double(bytes - bytesRead) / Double(done)
    }
}
