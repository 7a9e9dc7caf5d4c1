import Notation

extension PipelineManifest.Batch {
    /// Of micro, microbatches and global any two give the third.
    static func decode(_ field: Field, replicas: Int) throws(ManifestError) -> Self {
        let fields = try Fields(field, keys: Schema.batch)
        let micro = try fields["micro"]?.int(1...Limit.micro)
        let microBatches = try fields["microbatches"]?.int(1...Limit.microBatches)
        let global = try fields["global"]?.int(1...Limit.micro * Limit.microBatches)
        let share = replicas == 1 ? "" : " × replicas (\(replicas))"
        switch (micro, microBatches, global) {
        case (let micro?, let microBatches?, nil):
            return Self(micro: micro, microBatches: microBatches, replicas: replicas)
        case (let micro?, nil, let global?):
            let count = try quotient(
                fields, global, by: micro * replicas, "batch.micro\(share)", limit: Limit.microBatches)
            return Self(micro: micro, microBatches: count, replicas: replicas)
        case (nil, let microBatches?, let global?):
            let micro = try quotient(
                fields, global, by: microBatches * replicas, "batch.microbatches\(share)", limit: Limit.micro)
            return Self(micro: micro, microBatches: microBatches, replicas: replicas)
        case (let micro?, let microBatches?, let global?):
            guard micro * microBatches * replicas == global else {
                throw try fields.required("global").error(
                    "batch.global is \(global), but micro × microbatches\(share) is \(micro) × \(microBatches)"
                        + (replicas == 1 ? "" : " × \(replicas)"),
                    expected: "their product, or one of the three left out",
                    suggestion: "\(micro * microBatches * replicas)")
            }
            return Self(micro: micro, microBatches: microBatches, replicas: replicas)
        default:
            let given = Schema.batch.filter { fields[$0] != nil }
            throw field.error(
                given.isEmpty ? nil : "batch gives only \(given.listed)",
                expected: "two of micro, microbatches and global")
        }
    }

    /// What stands beside `micro`: of replicas the global batch, which stays the same whatever their number.
    var restYAML: String { replicas == 1 ? "microbatches: \(microBatches)" : "global: \(global)" }

    private static func quotient(
        _ fields: Fields, _ global: Int, by divisor: Int, _ name: String, limit: Int
    ) throws(ManifestError) -> Int {
        guard global.isMultiple(of: divisor) else {
            let near = max(1, (global + divisor / 2) / divisor) * divisor
            throw try fields.required("global").error(
                "batch.global is \(global), no multiple of \(name), which is \(divisor)",
                expected: "a multiple of \(divisor)", suggestion: "\(near)")
        }
        guard global / divisor <= limit else {
            throw try fields.required("global").error(
                "batch.global is \(global), \(global / divisor) times \(name)", expected: "at most \(limit) times")
        }
        return global / divisor
    }
}

extension PipelineManifest {
    /// Whether a global batch may be made of micro-batches of this size.
    package func allows(micro: Int, of global: Int) -> Bool {
        micro <= Limit.micro && global / micro <= Limit.microBatches
            && micro * (data.sequence ?? 1) <= Limit.microTokens
    }
}
