/// Closed forms for GPipe and 1F1B with p equal stages, m micro-batches and free communication (1811.06965, § 2.3).
public enum SchedulePrediction {
    /// Idle ÷ wall time: (p − 1) / (m + p − 1).
    public static func bubbleFraction(stages p: Int, microBatches m: Int) -> Double {
        Double(p - 1) / Double(m + p - 1)
    }

    /// Idle ÷ computing: (p − 1) / m.
    public static func overhead(stages p: Int, microBatches m: Int) -> Double { Double(p - 1) / Double(m) }

    /// Seconds of a step: (m + p − 1) · (F + B).
    public static func makespan(stages p: Int, microBatches m: Int, time: StageTimes.Stage) -> Double {
        Double(m + p - 1) * (time.forward + time.backward)
    }
}
