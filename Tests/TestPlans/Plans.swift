public import Manifests
public import Planning

/// Plans from a manifest in one string.
public enum Plans {
    public static let gpt = """
        {layers: [{embedding: {vocab: 256, width: 8}}, {transformer: {width: 8, heads: 2}},
        {transformer: {width: 8, heads: 2}}, {linear: {in: 8, out: 256, bias: false}}], loss: cross-entropy}
        """
    /// The value of `x` passes two stages by.
    public static let portal = """
        {layers: [{embedding: {vocab: 256, width: 8}}, {stash: x}, {linear: {in: 8, out: 8}}, relu, {pop: x}, add,
        {linear: {in: 8, out: 256}}], loss: cross-entropy}
        """

    public static func manifest(
        model: String = gpt, devices: String = "[cpu:0, cpu:1]", more: String = "", set overrides: [String] = []
    ) throws -> PipelineManifest {
        let yaml = """
            name: tiny
            model: \(model.replacing("\n", with: " "))
            devices: \(devices)
            batch: {micro: 2, microbatches: 4}
            data: {random: 1000, sequence: 4}
            steps: 5
            \(more)
            """
        return try PipelineManifest.decode(yaml: yaml, file: "p/tiny.yaml", overrides: overrides)
    }

    public static func make(
        model: String = gpt, devices: String = "[cpu:0, cpu:1]", more: String = "", set overrides: [String] = []
    ) throws -> TrainingPlan {
        try TrainingPlan(manifest(model: model, devices: devices, more: more, set: overrides))
    }
}

/// What a user would read where this throws; empty where it does not.
public func message<Result>(_ body: () throws -> Result) -> String {
    do {
        _ = try body()
        return ""
    } catch {
        return "\(error)"
    }
}
