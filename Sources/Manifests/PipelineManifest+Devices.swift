import Notation
import Systems

extension PipelineManifest.Device {
    private static let expected = "cpu:CORE, cpu:FIRST-LAST or sim:NUMBER"

    /// `[cpu:0, cpu:1]`; all of one kind.
    static func list(_ field: Field) throws(ManifestError) -> [Self] {
        let entries = try field.list(of: "devices, such as [cpu:0, cpu:1]")
        guard entries.count <= Limit.devices else {
            throw field.error("\(entries.count) devices", expected: "at most \(Limit.devices)")
        }
        var devices: [Self] = []
        for entry in entries {
            let device = try decode(entry)
            if let first = devices.first, first.kind != device.kind {
                throw entry.error("\(device) beside \(first)", expected: "devices of one kind")
            }
            devices.append(device)
        }
        return devices
    }

    private static func decode(_ field: Field) throws(ManifestError) -> Self {
        let text = try field.text(expected)
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let kind = Kind(rawValue: parts[0]), parts.count == 2 else {
            throw field.error(
                "unknown device \"\(text.printable(limit: 60))\"", expected: expected, suggestion: nearest(parts))
        }
        let cores = parts[1].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = number(cores[0]), let last = cores.count == 1 ? first : number(cores[1]) else {
            throw field.error(expected: "\(expected), numbers from 0 to \(Limit.core)")
        }
        guard first <= last, kind == .cpu || cores.count == 1 else {
            let suggestion = kind == .cpu ? "cpu:\(last)-\(first)" : "sim:\(first)"
            throw field.error(expected: expected, suggestion: suggestion)
        }
        return Self(kind: kind, cores: first...last)
    }

    /// `cpu` → `cpu:0`, `cup:1` → `cpu:1`
    private static func nearest(_ parts: [String]) -> String? {
        guard let kind = Suggestion.nearest(to: parts[0], in: Kind.allCases.map(\.rawValue)) else { return nil }
        return "\(kind):\(parts.count == 2 ? parts[1].printable(limit: 60) : "0")"
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text).flatMap { $0 <= Limit.core ? $0 : nil }
    }
}
