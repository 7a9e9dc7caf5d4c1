internal import Synchronization
internal import Systems

/// The lines of a sample file. Only where each begins is held, 8 bytes a line; a line is read and parsed when it is asked
/// for.
final class SampleLines: Sendable {
    let file: DataFile
    private let starts: [Int]
    private let memory = Mutex(Memory())

    /// What one line after the other is read into.
    private struct Memory: ~Copyable {
        var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 1)
        var line = SampleLine()
        /// Which one `line` holds: a sample's lengths are asked for one after the other, and need not be parsed each time.
        var index: Int?

        mutating func room(_ size: Int) -> UnsafeMutableRawBufferPointer {
            if bytes.count < size {
                bytes.deallocate()
                bytes = .allocate(byteCount: size, alignment: 1)
            }
            return UnsafeMutableRawBufferPointer(rebasing: bytes[..<size])
        }

        deinit { bytes.deallocate() }
    }

    /// Lines that are read at once take so many bytes, unless one alone takes more.
    private static let blockBytes = 1 << 20

    /// Throws when the file cannot be read, is of another format, or holds no line.
    init(path: String) throws(DatasetError) {
        file = try DataFile(path: path)
        try file.requireText()
        starts = try file.lineStarts()
        guard !starts.isEmpty else {
            throw .size(path: path, bytes: file.byteCount, expected: "a line for each sample, \(SampleLine.example)")
        }
    }

    var count: Int { starts.count }

    /// Hands each of the lines to `body`, with its index.
    func read(
        _ lines: Range<Int>, _ body: (Int, borrowing SampleLine) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        precondition(lines.lowerBound >= 0 && lines.upperBound <= count, "lines \(lines) of \(count)")
        try memory.withLock { memory throws(DatasetError) in
            if lines.count == 1, memory.index == lines.lowerBound { return try body(lines.lowerBound, memory.line) }
            var first = lines.lowerBound
            while first < lines.upperBound {
                let block = first..<blockEnd(first, lines.upperBound)
                let base = starts[first]
                let bytes = memory.room(end(block.upperBound - 1) - base)
                try file.read(at: base, into: bytes)
                for index in block {
                    let text = UnsafeRawBufferPointer(rebasing: bytes[starts[index] - base..<end(index) - base])
                    memory.index = nil
                    do throws(LineProblem) { try memory.line.read(text) } catch { throw self.error(error, at: index) }
                    memory.index = index
                    try body(index, memory.line)
                }
                first = block.upperBound
            }
        }
    }

    /// `data.jsonl:12`
    func location(of line: Int) -> String {
        guard let number = try? file.lineNumber(at: starts[line]) else {
            return "\(file.path.printable()): line \(line)"
        }
        return "\(file.path.printable()):\(number)"
    }

    func error(_ problem: LineProblem, at line: Int) -> DatasetError {
        do throws(DatasetError) {
            return .line(path: file.path, line: try file.lineNumber(at: starts[line]), problem)
        } catch {
            return error
        }
    }

    /// Blank lines behind a line are read with it, as far as a line may be long.
    private func end(_ line: Int) -> Int {
        let next = line + 1 < count ? starts[line + 1] : file.byteCount
        return min(next, starts[line] + SampleLine.mostBytes)
    }

    private func blockEnd(_ first: Int, _ limit: Int) -> Int {
        var next = first + 1
        while next < limit, end(next) - starts[first] <= Self.blockBytes { next += 1 }
        return next
    }
}
