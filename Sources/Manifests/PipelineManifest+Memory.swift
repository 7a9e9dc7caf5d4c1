import Notation

extension PipelineManifest {
    /// `memory: 2GiB` for each device, or a list with a size for each. By device.
    static func memory(_ field: Field?, devices: Int) throws(ManifestError) -> [Int]? {
        guard let field else { return nil }
        guard case .list = field.node.content else {
            return [Int](repeating: try size(field), count: devices)
        }
        var sizes: [Int] = []
        for entry in try field.list(of: "sizes, such as [2GiB, 1GiB]") { sizes.append(try size(entry)) }
        guard sizes.count == devices else {
            throw field.error(
                "\(sizes.count) \(sizes.count == 1 ? "size" : "sizes") for \(devices) devices",
                expected: "one size for all, or one for each")
        }
        return sizes
    }

    /// `events: 256MiB`, unless written.
    static let usualEvents = 256 << 20

    static func events(_ field: Field?) throws(ManifestError) -> Int {
        guard let field else { return usualEvents }
        let bytes = try size(field)
        guard bytes >= 1 << 20 else { throw field.error(expected: "a size of 1MiB at least") }
        return bytes
    }

    private static let units = [
        ("B", 1.0), ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
        ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
    ]

    /// `1.5GiB`, `800 MB`, `1073741824B`
    private static func size(_ field: Field) throws(ManifestError) -> Int {
        let expected = "a size such as 2GiB, 1.5GB or 800MiB"
        guard let text = field.plain else { throw field.error(expected: expected) }
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let factor = units.first(where: { $0.0 == unit })?.1 else {
            let names = units.map(\.0)
            let near = names.first { $0.lowercased() == unit.lowercased() } ?? names.first { $0.hasPrefix(unit) }
            let isMeant = !digits.isEmpty && !unit.isEmpty
            throw field.error(expected: expected, suggestion: isMeant ? near.map { "\(digits)\($0)" } : nil)
        }
        guard digits.first != ".", digits.last != ".", let number = Double(digits), number > 0,
            number * factor >= 1, number * factor < Double(Limit.memory)
        else { throw field.error(expected: "\(expected), more than nothing and less than \(Limit.memory >> 40)TiB") }
        return Int(number * factor)
    }
}
