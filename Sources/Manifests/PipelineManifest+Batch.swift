import Notation

extension PipelineManifest.Batch {
    /// Of micro, microbatches and global any two give the third.
    static func decode(_ field: Field) throws(ManifestError) -> Self {
        let fields = try Fields(field, keys: Schema.batch)
        let micro = try fields["micro"]?.int(1...Limit.micro)
        let microBatches = try fields["microbatches"]?.int(1...Limit.microBatches)
        let global = try fields["global"]?.int(1...Limit.micro * Limit.microBatches)
        switch (micro, microBatches, global) {
        case (let micro?, let microBatches?, nil):
            return Self(micro: micro, microBatches: microBatches)
        case (let micro?, nil, let global?):
            let count = try quotient(fields, global, by: micro, "micro", limit: Limit.microBatches)
            return Self(micro: micro, microBatches: count)
        case (nil, let microBatches?, let global?):
            let micro = try quotient(fields, global, by: microBatches, "microbatches", limit: Limit.micro)
            return Self(micro: micro, microBatches: microBatches)
        case (let micro?, let microBatches?, let global?):
            guard micro * microBatches == global else {
                throw try fields.required("global").error(
                    "batch.global is \(global), but micro × microbatches is \(micro) × \(microBatches)",
                    expected: "their product, or one of the three left out", suggestion: "\(micro * microBatches)")
            }
            return Self(micro: micro, microBatches: microBatches)
        default:
            let given = Schema.batch.filter { fields[$0] != nil }
            throw field.error(
                given.isEmpty ? nil : "batch gives only \(given.listed)",
                expected: "two of micro, microbatches and global")
        }
    }

    private static func quotient(
        _ fields: Fields, _ global: Int, by divisor: Int, _ key: String, limit: Int
    ) throws(ManifestError) -> Int {
        guard global.isMultiple(of: divisor) else {
            let near = max(1, (global + divisor / 2) / divisor) * divisor
            throw try fields.required("global").error(
                "batch.global is \(global), no multiple of batch.\(key), which is \(divisor)",
                expected: "a multiple of \(divisor)", suggestion: "\(near)")
        }
        guard global / divisor <= limit else {
            throw try fields.required("global").error(
                "batch.global is \(global), \(global / divisor) times batch.\(key)", expected: "at most \(limit) times")
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
