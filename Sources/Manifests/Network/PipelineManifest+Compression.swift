import Notation

extension PipelineManifest {
    /// In how many bits activations and their gradients pass from stage to stage. `compress: int8`
    ///
    ///     compress: {to: int8, links: hosts}
    public struct Compression: Hashable, Sendable {
        /// What passes instead of the numbers.
        public enum Form: String, Hashable, Sendable, CaseIterable {
            /// Rounded to bf16, from f32.
            case bf16
            /// Whole numbers from −127 to 127 with one scale for each row. What rounding takes from a gradient is added to the
            /// next micro-batch's.
            case int8
        }
        /// Which messages are compressed.
        public enum Chosen: Hashable, Sendable {
            /// All between stages.
            case all
            /// Those between workers on different hosts.
            case hosts
            /// Those between these places of a replica's pipeline, in either direction.
            case pairs([ClosedRange<Int>])
        }
        /// What passes.
        public var form: Form
        /// Where.
        public var links: Chosen

        /// On all links unless given.
        public init(_ form: Form, links: Chosen = .all) {
            self.form = form
            self.links = links
        }

        /// Whether messages between two places of a replica's pipeline are compressed, where the hosts are known.
        package func covers(_ one: Int, _ other: Int) -> Bool {
            switch links {
            case .all: one != other
            case .hosts: false
            case .pairs(let pairs): pairs.contains(min(one, other)...max(one, other))
            }
        }
    }
}

extension PipelineManifest.Compression {
    static func decode(
        _ field: Field?, _ precision: PipelineManifest.Precision, positions: Int
    ) throws(ManifestError) -> Self? {
        guard let field = field.unlessNull else { return nil }
        guard case .mapping = field.node.content else {
            return try Self(field.choice(Form.self)).checked(field, precision, positions)
        }
        let fields = try Fields(field, keys: Schema.compress, required: ["to"])
        var compression = try Self(fields.required("to").choice(Form.self)).checked(
            fields.required("to"), precision, positions)
        guard let links = fields["links"] else { return compression }
        guard case .list = links.node.content else {
            let isHosts = try links.choice(["all", "hosts"]) == "hosts"
            compression.links = isHosts ? .hosts : .all
            return compression
        }
        var pairs: [ClosedRange<Int>] = []
        for entry in try links.list(of: "pairs of places in the pipeline, as [[0, 1]]") {
            let ends = try entry.list(of: "two places")
            var places: [Int] = []
            for end in ends { places.append(try end.int(0...positions - 1)) }
            guard places.count == 2, places[0] != places[1] else {
                throw entry.error(expected: "two places of the pipeline, as [0, 1]")
            }
            pairs.append(min(places[0], places[1])...max(places[0], places[1]))
        }
        compression.links = .pairs(pairs)
        return compression
    }

    private func checked(
        _ field: Field, _ precision: PipelineManifest.Precision, _ positions: Int
    ) throws(ManifestError) -> Self {
        guard form != .bf16 || precision == .f32 else {
            throw field.error(
                "\(field.path) is bf16, with precision: \(precision.name)",
                expected: "int8, or none: activations have 16 bits there")
        }
        guard positions > 1 else {
            throw field.error("compress, with one stage", expected: "none: no message passes between stages")
        }
        return self
    }

    var yaml: String {
        switch links {
        case .all: form.rawValue
        case .hosts: "{to: \(form.rawValue), links: hosts}"
        case .pairs(let pairs):
            "{to: \(form.rawValue), links: [\(pairs.map { "[\($0.lowerBound), \($0.upperBound)]" }.joined(separator: ", "))]}"
        }
    }
}

extension PipelineManifest {
    /// With `links: hosts` said by places of the pipeline, which every worker knows.
    package func choosingLinks() -> PipelineManifest {
        guard compress?.links == .hosts else { return self }
        let width = replicas * tensor
        let pairs = (0..<positions).flatMap { one in (one + 1..<max(positions, one + 1)).map { one...$0 } }
        func host(_ position: Int, _ index: Int) -> String {
            let device = position * width + index
            return hosts.indices.contains(device) ? hosts[device] : ""
        }
        var manifest = self
        manifest.compress?.links = .pairs(
            pairs.filter { pair in
                (0..<width).contains { host(pair.lowerBound, $0) != host(pair.upperBound, $0) }
            })
        return manifest
    }

    /// With chosen links alone that carry something.
    /// - Parameter used: between which places of the pipeline tensors pass.
    package func keepingLinks(_ used: Set<ClosedRange<Int>>) -> PipelineManifest {
        guard case .pairs(let pairs)? = compress?.links else { return self }
        var manifest = self
        manifest.compress?.links = .pairs(pairs.filter(used.contains))
        return manifest
    }

    /// One stage has nobody to send to: what it is derived from may compress all the same.
    var networkYAML: [String] {
        (links.map { ["links: \($0.yaml)"] } ?? [])
            + (positions > 1 ? compress.map { ["compress: \($0.yaml)"] } ?? [] : [])
    }
}
