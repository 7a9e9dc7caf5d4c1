import Models
public import Notation
import Optimizers
import Scheduling

extension PipelineManifest {
    /// Reads a pipeline file and the model that it names, applies `overrides` in their order, and validates the whole.
    ///
    /// An override is `key.path=value`: the value is YAML on one line, list entries are addressed by index
    /// (`devices.0=cpu:1`), and what lies under `model.` applies to the model's file. Paths in a manifest are relative
    /// to its folder, paths in an override to the working directory.
    public static func load(path: String, overrides: [String] = []) throws(ManifestError) -> PipelineManifest {
        try decode(ManifestFile.read(path), file: path, overrides: overrides)
    }

    /// Validates a pipeline manifest's text as if it stood in `file`.
    public static func decode(
        yaml: String, file: String, overrides: [String] = []
    ) throws(ManifestError) -> PipelineManifest {
        try decode(NodeComposer.compose(yaml, file: file), file: file, overrides: overrides)
    }

    private static func decode(
        _ written: YAMLNode, file: String, overrides: [String]
    ) throws(ManifestError) -> PipelineManifest {
        var document = Document(written)
        for text in overrides { try document.apply(Override(text)) }
        try document.loadModel()
        let manifest = try decode(document.root, file: file, modelPath: document.modelPath)
        try manifest.checkSize()
        return manifest
    }

    private static func decode(_ root: YAMLNode, file: String, modelPath: String?) throws(ManifestError)
        -> PipelineManifest
    {
        let fields = try Fields(
            Field(node: root, path: "", sections: Schema.sections), keys: Schema.pipeline,
            required: ["model", "devices", "batch", "data", "steps"])
        let (model, pretrained) = try Self.model(fields.required("model"))
        let devices = try Device.list(fields.required("devices"))
        let (schedule, scheduleMarks) = try Schedule.decode(fields["schedule"])
        let virtual = try Self.virtual(
            fields["virtual"], schedule, isChosenLater: fields["schedule"]?.node.mark.isOverride ?? false)
        let replicas = try Self.replicas(fields["replicas"], devices: devices)
        let batch = try Batch.decode(fields.required("batch"), replicas: replicas)
        let tensor = try Self.tensor(fields["tensor"], devices: devices, replicas: replicas)
        let depth = devices.count / (replicas * tensor)
        let data = try Data.decode(fields.required("data"), for: model.loss)
        try data.check(fields.required("data"), batch: batch)
        let optimizer = try optimizer(fields["optimizer"].unlessNull)
        let lora = try fields["lora"].unlessNull.map { field throws(ManifestError) in try LoRA.decode(field) }
        let checkpoint = try Checkpoint.decode(fields["checkpoint"], devices)
        let continuity = try Continuity(fields, devices, replicas: replicas, tensor: tensor, checkpoint)
        let zero = try zero(fields["zero"], tensor: tensor)
        let (clip, precision) = (try clip(fields["clip"]), try Precision.decode(fields["precision"]))
        return PipelineManifest(
            name: try name(fields["name"], file: file), model: model, modelPath: modelPath, pretrained: pretrained,
            devices: devices, memory: try memory(fields["memory"].unlessNull, devices: devices.count),
            partition: try Partition.decode(
                fields["partition"], schedule, stages: Self.stages(schedule, devices: depth, virtual), model),
            schedule: schedule, virtual: virtual, batch: batch,
            precision: precision,
            products: try Products.decode(fields["products"], devices),
            recompute: try Recompute.decode(fields["recompute"], layers: model.layers.count), optimizer: optimizer,
            train: try train(fields["train"].unlessNull, lora), lora: lora,
            groups: try Group.list(fields["groups"].unlessNull, optimizer),
            learningRate: try learningRate(fields["learning_rate"], peak: optimizer.learningRate),
            clip: clip, onNaN: try OnNaN.decode(fields["on_nan"], checkpoint),
            deadlines: try Deadlines.decode(fields["deadlines"]), data: data,
            steps: try fields.required("steps").int(1...Limit.count),
            seed: try fields["seed"]?.unsigned() ?? 0,
            weights: try fields["weights"].unlessNull?.filePath("a safetensors file or a run directory"),
            logEvery: try fields["log_every"]?.int(1...Limit.count) ?? 10, events: try events(fields["events"]),
            metrics: try metrics(fields["metrics"]),
            simulation: try Simulation.decode(
                fields["sim"], devices: devices, stages: depth * virtual, at: fields.required("devices").node),
            byHand: try ranks(fields["by_hand"], stages: devices.count),
            evaluation: try Evaluation.decode(fields["evaluate"], beside: data, model.loss, devices),
            checkpoint: checkpoint, restart: continuity.restart, mirror: continuity.mirror,
            spares: continuity.spares, elastic: continuity.elastic, recut: continuity.recut,
            lanes: try lanes(fields["lanes"], batch), zero: zero, tensor: tensor,
            links: try Links.decode(fields["links"]),
            compress: try Compression.decode(
                fields["compress"], precision, positions: depth),
            speculate: try speculate(
                fields["speculate"], devices, clip: clip, precision, continuity, tensor: tensor, zero),
            marks: root.marks(skipping: "model").merging(scheduleMarks) { $1 })
    }

    private static func name(_ field: Field?, file: String) throws(ManifestError) -> String {
        guard let field else { return ManifestFile.name(of: file) }
        let name = try field.text("a name")
        guard !name.contains("/"), !name.hasPrefix("."), name.utf8.count <= Limit.name else {
            throw field.error(expected: "a name for a folder: no slash, no dot in front, at most \(Limit.name) bytes")
        }
        return name
    }

    /// As many as the schedule needs unless written; two where it may be any number.
    /// - Parameter isChosenLater: whether `--set` names the schedule.
    private static func virtual(
        _ field: Field?, _ schedule: Schedule, isChosenLater: Bool
    ) throws(ManifestError) -> Int {
        guard case .named(let schedule) = schedule else {
            guard let field else { return 1 }
            guard schedule == .auto else {
                throw field.error(
                    "virtual has no effect beside a written schedule", expected: "stages as the schedule has them")
            }
            // `--set schedule=auto` replaces both.
            guard isChosenLater, !field.node.mark.isOverride else {
                throw field.error("virtual has no effect beside schedule: auto, which chooses it", expected: "none")
            }
            return 1
        }
        let allowed = schedule.virtualStages
        guard let field else { return schedule.usualVirtualStages }
        let most = PipelineManifest.ScheduleName.allCases.map(\.virtualStages.upperBound).max() ?? 1
        let count = try field.int(1...most)
        guard allowed.contains(count) else {
            throw field.error(
                "virtual is \(count), with schedule \(schedule.rawValue)",
                expected: "\(allowed.lowerBound); more than one stage on a device is for interleaved")
        }
        return count
    }

    /// How many stages a generated schedule has; a written one is not read here, nor one chosen.
    private static func stages(_ schedule: Schedule, devices: Int, _ virtual: Int) -> Int? {
        if case .named = schedule { devices * virtual } else { nil }
    }

    private func checkSize() throws(ManifestError) {
        let size = resolvedYAML().utf8.count
        guard size > Limit.fileBytes else { return }
        var (place, found) = (model.mark, "\(model.layers.count) layers, \(size) bytes when written out")
        if case .written = schedule, schedule.yaml.utf8.count > size / 2 {
            (place, found) = (mark(of: "schedule"), "a schedule of \(schedule.yaml.utf8.count) bytes when written out")
        }
        throw ManifestError(at: place, found: found, expected: "at most \(Limit.fileBytes) bytes")
    }

    /// `clip: null` is no clipping, as is no `clip` at all.
    private static func clip(_ field: Field?) throws(ManifestError) -> Double? {
        try field.unlessNull?.number("above 0, or null for no clipping") { $0 > 0 }
    }

    private static func ranks(_ field: Field?, stages: Int) throws(ManifestError) -> [Int] {
        guard let field = field.unlessNull, field.node.content != .list([]) else { return [] }
        var ranks: [Int] = []
        for entry in try field.list(of: "ranks") {
            let rank = try entry.int(0...stages - 1)
            guard !ranks.contains(rank) else {
                throw entry.error("rank \(rank) for the second time", expected: "it once")
            }
            ranks.append(rank)
        }
        return ranks
    }
}

extension Field? {
    /// nil also where the manifest says `null`.
    var unlessNull: Field? { flatMap { $0.node.isNull ? nil : $0 } }

    func choice<Choice: CaseIterable & RawRepresentable<String>>(or missing: Choice) throws(ManifestError) -> Choice {
        guard let field = self else { return missing }
        return try field.choice(Choice.self)
    }
}
