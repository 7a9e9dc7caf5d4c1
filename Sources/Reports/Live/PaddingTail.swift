import Runs

/// Reads what each step computed for nothing from a run's metrics, which may still grow.
struct PaddingTail {
    private(set) var padding = StepPadding()
    private var tail: LineTail
    private let wanted: Wanted
    /// Of a run whose samples have one length no line says anything.
    private var saysNothing = false

    enum Wanted {
        /// Counted from 0.
        case steps(Set<Int>)
        /// So many of the newest.
        case newest(Int)
    }

    init(_ directory: RunDirectory, _ wanted: Wanted) {
        tail = LineTail(directory.metricsPath)
        self.wanted = wanted
    }

    /// Reads all that is new. Only lines that are wanted are understood: a long run has millions.
    mutating func read() {
        while !saysNothing {
            let news = tail.read()
            if news.isNew { padding = StepPadding() }
            guard let first = news.lines.first else { return }
            saysNothing = (try? StepMetrics(line: String(decoding: first, as: UTF8.self)))?.padding == nil
            add(news.lines)
        }
    }

    private mutating func add(_ lines: [ArraySlice<UInt8>]) {
        switch wanted {
        case .steps(let steps):
            for line in lines where Self.step(line).map({ steps.contains($0 - 1) }) ?? true { add(line) }
        case .newest(let count):
            for line in lines.suffix(count) { add(line) }
            if let last = lines.last.flatMap(Self.step) { padding.forget(before: last - count) }
        }
    }

    private mutating func add(_ line: ArraySlice<UInt8>) {
        if let metrics = try? StepMetrics(line: String(decoding: line, as: UTF8.self)) { padding.add(metrics) }
    }

    private static let start = Array("{\"step\":".utf8)

    /// The number that a line of metrics begins with; nil where it is none of ours.
    private static func step(_ line: ArraySlice<UInt8>) -> Int? {
        guard line.starts(with: start) else { return nil }
        let digits = line.dropFirst(start.count).prefix { (0x30...0x39).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
