import Notation

extension PipelineManifest {
    /// Whether a run goes on by itself where a worker was lost. `restart: {attempts: 5, window: 1h}`
    ///
    ///     pipeline.restart = .init(attempts: 5, window: 3600)
    public struct Restart: Hashable, Sendable {
        /// How often, …
        public var attempts: Int
        /// … within so many seconds: what fails again and again is not tried for ever.
        public var window: Double

        /// Within an hour unless given.
        public init(attempts: Int, window: Double = 3600) {
            self.attempts = attempts
            self.window = window
        }
    }
}

extension PipelineManifest.Restart {
    static let keys = ["attempts", "window"]

    static func decode(
        _ field: Field?, _ checkpoint: PipelineManifest.Checkpoint?, mirror: Bool
    ) throws(ManifestError) -> PipelineManifest.Restart? {
        guard let field = field.unlessNull else { return nil }
        guard checkpoint?.every != nil || mirror else {
            throw field.error(
                "restart without checkpoint.every, so that there is nothing to go on from",
                expected: "checkpoint: {every: …}, or mirror: true, or no restart")
        }
        let fields = try Fields(field, keys: keys, required: ["attempts"])
        return Self(
            attempts: try fields.required("attempts").int(1...Limit.count),
            window: try fields["window"].map { window throws(ManifestError) in
                try PipelineManifest.Checkpoint.seconds(window, expected: "a time such as 30s, 10m or 2h")
            } ?? 3600)
    }

    var yaml: String { "{attempts: \(attempts), window: \(YAML.number(window))s}" }
}
