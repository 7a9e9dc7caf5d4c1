import Layers
import Models
import Notation

extension PipelineManifest {
    /// Loss on data that nothing is learnt from, between steps. `evaluate: {data: {samples: held-out.jsonl}, every: 50}`
    ///
    ///     pipeline.evaluation = .init(.samples("held-out.jsonl"), every: 50)
    public struct Evaluation: Hashable, Sendable {
        /// Where the held-out samples come from; each is as long as those of the training data.
        public var source: Data.Source
        /// Behind each so many steps; also before the first step and behind the last.
        public var every: Int
        /// The first so many samples; nil: all of them. A plan that was made has their number.
        public var samples: Int?
        /// Whether the weights with the lowest loss are kept, beside those of the last step.
        public var keepsBest: Bool

        /// Of all samples, with the best weights kept, unless given.
        public init(_ source: Data.Source, every: Int, samples: Int? = nil, keepsBest: Bool = true) {
            self.source = source
            self.every = every
            self.samples = samples
            self.keepsBest = keepsBest
        }

        /// Whether one is due behind so many of a run's steps.
        package func isDue(behind done: Int, of steps: Int) -> Bool {
            done == 0 || done == steps || done.isMultiple(of: every)
        }
    }
}

extension PipelineManifest.Evaluation {
    static func decode(
        _ field: Field?, beside data: PipelineManifest.Data, _ loss: any Loss, _ devices: [PipelineManifest.Device]
    ) throws(ManifestError) -> Self? {
        guard let field = field.unlessNull else { return nil }
        guard devices.allSatisfy({ $0.kind != .sim }) else {
            throw field.error(
                "evaluate on simulated devices, which compute no loss", expected: "cpu devices, or no evaluate")
        }
        let fields = try Fields(field, keys: Schema.evaluate, required: ["data", "every"])
        return Self(
            try source(fields.required("data"), beside: data, loss),
            every: try fields.required("every").int(1...Limit.count),
            samples: try fields["samples"].unlessNull?.int(1...Limit.count),
            keepsBest: try fields["keep_best"]?.bool() ?? true)
    }

    private static func source(
        _ field: Field, beside data: PipelineManifest.Data, _ loss: any Loss
    ) throws(ManifestError) -> PipelineManifest.Data.Source {
        let (name, fields) = try PipelineManifest.Data.oneSource(field, keys: Schema.heldOut)
        let source = try fields.required(name)
        try fields.refuseInert(
            butFor: PipelineManifest.Data.keys(of: name).filter(Schema.heldOut.contains),
            because: "beside \(field.path).\(name)")
        try PipelineManifest.Data.check(loss, fits: source, isRows: name == "rows")
        let decoded = try PipelineManifest.Data.decodeSource(name, source, fields)
        if case .rows(_, let inputs, let targets) = decoded, case .rows(_, let own, let ownTargets) = data.source,
            (inputs, targets) != (own, ownTargets)
        {
            throw source.error(
                "\(field.path) with rows of \(inputs) and \(targets) numbers",
                expected: "inputs: \(own) and targets: \(ownTargets), as data has them")
        }
        return decoded
    }

    var yaml: String {
        "{data: {\(source.yaml)}, every: \(every), samples: \(samples.map(String.init) ?? "null"), keep_best: \(keepsBest)}"
    }
}
