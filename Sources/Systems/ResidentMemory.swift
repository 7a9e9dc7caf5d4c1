import Glibc

/// How much physical memory this process has used.
package enum ResidentMemory {
    /// The most bytes that were resident at once (VmHWM), nil where the system does not tell.
    package static var peak: Int? {
        guard let file = fopen("/proc/self/status", "re") else { return nil }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 8192)
        let count = fread(&text, 1, text.count, file)
        return peak(inStatus: String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    /// The same from the text of /proc/…/status: a line `VmHWM:     1234 kB`.
    package static func peak(inStatus text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count == 3, words[2] == "kB", let kilobytes = Int(words[1]) else { return nil }
            let (bytes, overflow) = kilobytes.multipliedReportingOverflow(by: 1024)
            return overflow ? nil : bytes
        }
        return nil
    }
}
