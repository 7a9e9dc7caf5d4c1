/// Closed forms for GPipe, 1F1B and interleaved 1F1B with p equal ranks, m micro-batches and free communication
/// (1811.06965, § 2.3; 2104.04473, § 2.2). Interleaved: m ≥ p, and v stages for each rank.
public enum SchedulePrediction {
    /// Idle ÷ wall time: (p − 1) / (m·v + p − 1).
    public static func bubbleFraction(stages p: Int, microBatches m: Int, virtual v: Int = 1) -> Double {
        Double(p - 1) / Double(m * v + p - 1)
    }

    /// Idle ÷ computing: (p − 1) / (m·v).
    public static func overhead(stages p: Int, microBatches m: Int, virtual v: Int = 1) -> Double {
        Double(p - 1) / Double(m * v)
    }

    /// Seconds of a step: (m·v + p − 1) · (F + B), where F and B are those of one of a rank's v stages.
    public static func makespan(
        stages p: Int, microBatches m: Int, virtual v: Int = 1, time: StageTimes.Stage
    ) -> Double {
        Double(m * v + p - 1) * (time.forward + time.backward)
    }
}
