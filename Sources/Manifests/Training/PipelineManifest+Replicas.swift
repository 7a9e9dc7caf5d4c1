import Notation

extension PipelineManifest {
    /// Copies of the pipeline, each with its part of every mini-batch; they are `devices.count / replicas` stages deep, or a
    /// multiple of it. `replicas: 2`
    public var replicas: Int {
        get { batch.replicas }
        set { batch.replicas = newValue }
    }

    /// Places in one replica's pipeline: each has as many devices as share a layer.
    public var positions: Int { devices.count / (replicas * tensor) }

    /// What optimizer state replicas share out. `zero: 1`
    public enum Zero: Int, Hashable, Sendable, CaseIterable {
        /// Nothing: each has all of its stages'.
        case none = 0
        /// Each keeps a part of the optimizer state of its stages, updates those parameters, and hands them to the others
        /// (Rajbhandari et al., ZeRO, 2020, stage 1).
        case optimizerState = 1
    }
}

extension PipelineManifest {
    static func replicas(_ field: Field?, devices: [Device]) throws(ManifestError) -> Int {
        guard let field = field.unlessNull else { return 1 }
        let count = try field.int(1...Limit.devices)
        guard devices.count.isMultiple(of: count) else {
            throw field.error(
                "replicas is \(count), for \(devices.count) \(devices.count == 1 ? "device" : "devices")",
                expected: "a number that divides that of the devices: each replica has equally many")
        }
        return count
    }

    static func tensor(_ field: Field?, devices: [Device], replicas: Int) throws(ManifestError) -> Int {
        guard let field = field.unlessNull else { return 1 }
        let count = try field.int(1...Limit.devices)
        let own = devices.count / replicas
        guard own.isMultiple(of: count) else {
            throw field.error(
                "tensor is \(count), for \(own) \(own == 1 ? "device" : "devices")"
                    + (replicas > 1 ? " of each replica" : ""),
                expected: "a number that divides that of the devices: each layer is shared by equally many")
        }
        return count
    }

    /// A power of two, so that every number of replicas that divides it adds whole branches of one tree.
    static func lanes(_ field: Field?, _ batch: Batch) throws(ManifestError) -> Int? {
        guard let field = field.unlessNull else { return nil }
        let lanes = try field.int(1...Limit.microBatches)
        guard lanes.nonzeroBitCount == 1 else {
            let below = 1 << (Int.bitWidth - 1 - lanes.leadingZeroBitCount)
            throw field.error(
                expected: "a power of two: then any number of replicas that divides it adds in one order",
                suggestion: "\(below)")
        }
        guard lanes.isMultiple(of: batch.replicas) else {
            throw field.error(
                "lanes is \(lanes), no multiple of replicas, which is \(batch.replicas)",
                expected: "as many for each replica")
        }
        let all = batch.microBatchesPerStep
        guard all.isMultiple(of: lanes) else {
            throw field.error(
                "lanes is \(lanes), for \(all) micro-batches in a step",
                expected: "a number that divides them: each lane adds equally many")
        }
        return lanes
    }

    static func zero(_ field: Field?, tensor: Int) throws(ManifestError) -> Zero {
        guard let field = field.unlessNull else { return .none }
        let stage = try field.int(0...3)
        guard stage == 0 || tensor == 1 else {
            throw field.error(
                "zero: \(stage) with tensor: \(tensor)",
                expected: "one of the two: tensor shares out weights, gradients and optimizer state")
        }
        guard let zero = Zero(rawValue: stage) else {
            throw field.error(
                stage == 2
                    ? "zero: 2 shares out gradients too, but a stage adds up those of all its micro-batches in place"
                    : "zero: 3 shares out weights too, and would gather them for every micro-batch",
                expected: "0 or 1; more stages make each device's part of weights and gradients smaller")
        }
        return zero
    }

    var replicationYAML: [String] {
        var lines: [String] = []
        if replicas > 1 { lines.append("replicas: \(replicas)") }
        if let lanes { lines.append("lanes: \(lanes)") }
        if tensor > 1 { lines.append("tensor: \(tensor)") }
        if zero != .none { lines.append("zero: \(zero.rawValue)") }
        return lines
    }
}
