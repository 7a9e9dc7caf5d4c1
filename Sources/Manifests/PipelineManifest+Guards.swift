import Notation

extension PipelineManifest {
    /// What follows when a step's loss or one of its gradients is not finite. `on_nan: stop | skip | {rewind: STEPS}`
    ///
    /// The update is left out each time, on all ranks. With `precision: f16` a dynamic loss scale shrinks first.
    public enum OnNaN: Hashable, Sendable {
        /// Ends the run with exit code 65, with the weights of the last good step.
        case stop
        /// Goes on with the next step; a hundred in a row end the run.
        case skip
        /// Goes back to the newest checkpoint that is so many steps old at least, and on from there with the data behind
        /// the step: what was trained on since is left out.
        case rewind(Int)
    }

    /// How long all workers may go without any progress before the run counts as hung, in seconds, by what they are at; and how
    /// long one of them may be silent. `deadlines: {load: 600, first_step: 600, step: 60, save: 3600, heartbeat: 5}`
    public struct Deadlines: Hashable, Sendable {
        /// Reading or drawing the first weights.
        public var load = 600.0
        /// Until the first step is done: nothing is known yet of how long an instruction takes.
        public var firstStep = 600.0
        /// Afterwards; nil: ten times the median step, at least 30 s.
        public var step: Double?
        /// Writing the weights and waiting for the disk.
        public var save = 3600.0
        /// Without a heartbeat of a worker, each of which sends one a second, before it counts as lost.
        public var heartbeat = 5.0

        /// The defaults of a manifest without `deadlines`.
        public init() {}
    }
}

extension PipelineManifest.OnNaN {
    private static let words = ["stop", "skip"]

    /// `stop` unless written.
    static func decode(_ field: Field?, _ checkpoint: PipelineManifest.Checkpoint?) throws(ManifestError) -> Self {
        guard let field else { return .stop }
        if case .mapping = field.node.content {
            let steps = try Fields(field, keys: Schema.onNaN, required: ["rewind"]).required("rewind")
            guard checkpoint?.every != nil else {
                throw field.error(
                    "on_nan.rewind without checkpoint.every, so that there is nothing to go back to",
                    expected: "checkpoint: {every: …}, or on_nan: stop")
            }
            return .rewind(try steps.int(0...Limit.count))
        }
        let expected = "stop, skip or {rewind: STEPS}"
        switch try field.text(expected) {
        case "stop": return .stop
        case "skip": return .skip
        case let text: throw field.error(expected: expected, suggestion: Suggestion.nearest(to: text, in: words))
        }
    }

    var yaml: String {
        switch self {
        case .stop: "stop"
        case .skip: "skip"
        case .rewind(let steps): "{rewind: \(steps)}"
        }
    }

    /// How old a checkpoint must be, in steps, for the run to go back to it; nil: it does not go back.
    package var distance: Int? {
        if case .rewind(let steps) = self { steps } else { nil }
    }
}

extension PipelineManifest {
    /// How many mini-batches of the data's order the run may reach into: one a step, and with `on_nan: {rewind: …}` at most
    /// as many again that are left out.
    package var reachedMiniBatches: Int { onNaN.distance == nil ? steps : 2 * steps }
}

extension PipelineManifest.Deadlines {
    static let keys = ["load", "first_step", "step", "save", "heartbeat"]

    static func decode(_ field: Field?) throws(ManifestError) -> Self {
        guard let field else { return Self() }
        let fields = try Fields(field, keys: keys)
        func seconds(_ key: String, from least: Int = 1) throws(ManifestError) -> Double? {
            try fields[key].unlessNull?.number("of seconds, from \(least) to a year") {
                $0 >= Double(least) && $0 <= 31_536_000
            }
        }
        var deadlines = Self()
        deadlines.load = try seconds("load") ?? deadlines.load
        deadlines.firstStep = try seconds("first_step") ?? deadlines.firstStep
        deadlines.step = try seconds("step")
        deadlines.save = try seconds("save") ?? deadlines.save
        // A busy machine delays a heartbeat by more than a second.
        deadlines.heartbeat = try seconds("heartbeat", from: 3) ?? deadlines.heartbeat
        return deadlines
    }

    var yaml: String {
        "{load: \(YAML.number(load)), first_step: \(YAML.number(firstStep)), "
            + "step: \(step.map(YAML.number) ?? "null"), save: \(YAML.number(save)), heartbeat: \(YAML.number(heartbeat))}"
    }
}
