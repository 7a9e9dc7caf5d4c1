import Foundation

/// Numbers as people read them.
enum Format {
    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : (value < 0 ? "-inf" : "inf") }
        return String(format: "%.\(digits)f", value)
    }

    /// 5 → `5`, 4.5 → `4.5`
    static func count(_ value: Double) -> String { fixed(value, value == value.rounded() ? 0 : 1) }

    /// 0.118 → `11.8 %`
    static func percent(_ share: Double, _ digits: Int = 1) -> String { fixed(share * 100, digits) + " %" }

    /// 0.09 → `+9.0 %`
    static func signedPercent(_ share: Double, _ digits: Int = 1) -> String {
        let size = percent(share.magnitude, digits)
        return size == percent(0, digits) ? size : (share > 0 ? "+" : "−") + size
    }

    /// 0.001 → `1.0e-3`
    static func scientific(_ value: Double) -> String {
        guard value.isFinite else { return fixed(value, 1) }
        let parts = String(format: "%.1e", value).split(separator: "e")
        guard parts.count == 2, let exponent = Int(parts[1]) else { return "\(value)" }
        return "\(parts[0])e\(exponent)"
    }

    /// 1234.4 → `1,234`
    static func grouped(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return fixed(value, 0) }
        let digits = Array(String(Int(value.rounded())))
        var text = ""
        for (index, digit) in digits.enumerated() {
            let left = digits.count - index
            if index > 0, left % 3 == 0, digits[index - 1] != "-" { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// `12.3 GFLOP/s`
    static func flops(_ value: Double) -> String {
        let units = [(1e15, "PFLOP/s"), (1e12, "TFLOP/s"), (1e9, "GFLOP/s"), (1e6, "MFLOP/s"), (1e3, "kFLOP/s")]
        let (scale, name) = units.first { value >= $0.0 } ?? (1, "FLOP/s")
        return fixed(value / scale, 1) + " " + name
    }

    /// Seconds → `45s`, `1m02s`, `3h07m`, `2d05h`
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "?" }
        let total = Int(seconds.rounded())
        func pair(_ high: Int, _ highUnit: String, _ low: Int, _ lowUnit: String) -> String {
            "\(high)\(highUnit)" + (low < 10 ? "0" : "") + "\(low)\(lowUnit)"
        }
        switch total {
        case ..<60: return "\(total)s"
        case ..<3600: return pair(total / 60, "m", total % 60, "s")
        case ..<86400: return pair(total / 3600, "h", total / 60 % 60, "m")
        default: return pair(total / 86400, "d", total / 3600 % 24, "h")
        }
    }

    /// `772.1 KiB`
    static func bytes(_ value: Double) -> String {
        let units = [(0x1p40, "TiB"), (0x1p30, "GiB"), (0x1p20, "MiB"), (0x1p10, "KiB")]
        guard let (scale, name) = units.first(where: { value >= $0.0 }) else { return fixed(value, 0) + " B" }
        return fixed(value / scale, 1) + " " + name
    }

    /// MB/s, as reports hold them, in MiB/s: 9.14 → `8.72`
    static func mebibytes(perSecond mbPerS: Double) -> String { fixed(mbPerS * 1e6 / 0x1p20, 2) }

    /// Milliseconds with the digits that matter: `0.04`, `3.21`, `45.6`, `1,234`; a dot for next to nothing
    static func milliseconds(_ value: Double) -> String {
        switch value.magnitude {
        case ..<0.005: "·"
        case ..<9.995: fixed(value, 2)
        case ..<99.95: fixed(value, 1)
        default: grouped(value)
        }
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
    func cut(to width: Int) -> String { count <= width ? self : prefix(Swift.max(0, width - 1)) + "…" }
    func aligned(to width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }
}
