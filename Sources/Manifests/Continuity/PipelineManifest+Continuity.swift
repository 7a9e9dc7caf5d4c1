import Notation

extension PipelineManifest {
    /// Whether layers move between devices while the run goes on, where one has become slower. `recut: auto`
    ///
    ///     pipeline.recut = .init(after: 20)
    public struct Recut: Hashable, Sendable {
        /// A device has to be slower for so many steps in a row.
        public var after: Int

        /// After eight steps unless given.
        public init(after: Int = Self.usualSteps) { self.after = after }

        /// Enough that what takes a moment moves nothing.
        public static let usualSteps = 8
    }
}

extension PipelineManifest.Recut {
    static let keys = ["after"]

    /// `auto`, `{after: 20}`
    static func decode(_ field: Field?) throws(ManifestError) -> PipelineManifest.Recut? {
        guard let field = field.unlessNull else { return nil }
        if let text = field.plain {
            guard text == "auto" else { throw field.error(expected: "auto, {after: STEPS} or null") }
            return Self()
        }
        let fields = try Fields(field, keys: keys, required: keys)
        return Self(after: try fields.required("after").int(2...Limit.count))
    }

    var yaml: String { "{after: \(after)}" }
}

extension PipelineManifest {
    /// What lets a run go on without some of its workers, or with other cuts: keys that need something else to work.
    struct Continuity {
        var mirror: Bool
        var spares: [Device]
        var elastic: Bool
        var recut: Recut?
        var restart: Restart?

        init(
            _ fields: Fields, _ devices: [Device], replicas: Int, tensor: Int, _ checkpoint: Checkpoint?
        ) throws(ManifestError) {
            mirror = try fields["mirror"].unlessNull?.bool() ?? false
            elastic = try fields["elastic"].unlessNull?.bool() ?? false
            recut = try Recut.decode(fields["recut"])
            spares = []
            if let field = fields["spares"].unlessNull, field.node.content != .list([]) {
                spares = try Device.list(field)
                try Self.check(spares, beside: devices, field)
            }
            restart = try Restart.decode(fields["restart"], checkpoint, mirror: mirror)
            let computes = devices.allSatisfy { $0.kind != .sim }
            let keeps = checkpoint?.every != nil
            try Self.refuse(
                fields["mirror"], if: mirror && !computes, "mirror on simulated devices, which have no state",
                "cpu devices, or no mirror")
            for (key, isSet) in [("mirror", mirror), ("elastic", elastic), ("recut", recut != nil)] {
                try Self.refuse(
                    fields[key], if: isSet && devices.count < 2, "\(key) with one device",
                    "a second device, or no \(key)")
            }
            for (key, isSet) in [("mirror", mirror), ("recut", recut != nil)] {
                try Self.refuse(
                    fields[key], if: isSet && replicas > 1, "\(key) with \(replicas) replicas",
                    "one replica, or no \(key); elastic goes on with the replicas that are left")
                try Self.refuse(
                    fields[key], if: isSet && tensor > 1, "\(key) with tensor: \(tensor)", "tensor: 1, or no \(key)")
            }
            try Self.refuse(
                fields["spares"], if: !spares.isEmpty && !mirror && !keeps,
                "spares without mirror and without checkpoint.every, so that there is nothing to go on from",
                "mirror: true, or checkpoint: {every: …}, or no spares")
            try Self.refuse(
                fields["elastic"], if: elastic && !keeps,
                "elastic without checkpoint.every, so that there is nothing to go on from",
                "checkpoint: {every: …}, or no elastic")
            for (key, isSet) in [("mirror", mirror), ("spares", !spares.isEmpty), ("recut", recut != nil)] {
                let byHand = fields["by_hand"].unlessNull.map { $0.node.content != .list([]) } ?? false
                try Self.refuse(
                    fields[key], if: isSet && byHand, "\(key) with workers that are started by hand",
                    "workers on this machine, or no \(key)")
            }
        }

        private static func check(
            _ spares: [Device], beside devices: [Device], _ field: Field
        ) throws(ManifestError) {
            for (index, spare) in spares.enumerated() {
                guard spare.kind == devices[0].kind else {
                    throw field.error("\(spare) beside \(devices[0])", expected: "spares of the devices' kind")
                }
                // Sums depend on the number of threads.
                guard devices.allSatisfy({ $0.cores.count == spare.cores.count }) else {
                    throw field.error(
                        "\(spare) beside \(devices[0])", expected: "spares of as many cores as each device has")
                }
                guard !spares[..<index].contains(spare) else {
                    throw field.error("\(spare) for the second time", expected: "it once")
                }
            }
        }

        private static func refuse(
            _ field: Field?, if isWrong: Bool, _ found: String, _ expected: String
        ) throws(ManifestError) {
            guard isWrong, let field else { return }
            throw field.error(found, expected: expected)
        }
    }

    var continuityYAML: [String] {
        var lines: [String] = []
        if mirror { lines.append("mirror: true") }
        if !spares.isEmpty { lines.append("spares: \(YAML.list(spares.map(\.description)))") }
        if elastic { lines.append("elastic: true") }
        if let recut { lines.append("recut: \(recut.yaml)") }
        if let restart { lines.append("restart: \(restart.yaml)") }
        return lines
    }
}
