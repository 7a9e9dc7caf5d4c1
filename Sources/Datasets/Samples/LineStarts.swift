internal import Glibc
internal import Systems

extension DataFile {
    /// Where each line begins that holds something, blanks in front left out: 8 bytes a line. Reads the whole file, at the
    /// speed of the page cache.
    ///
    /// Throws where a line is too long, or too short to be a sample: a file of very short lines would take several times
    /// its size of memory.
    func lineStarts() throws(DatasetError) -> [Int] {
        var lines = LineFinder(path: path)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk(of: byteCount), alignment: 64)
        defer { chunk.deallocate() }
        for position in stride(from: 0, to: byteCount, by: chunk.count) {
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunk.count, byteCount - position)])
            try read(at: position, into: part)
            try lines.find(in: UnsafeRawBufferPointer(part), at: position)
        }
        try lines.end(at: byteCount)
        return lines.starts
    }

    /// The number of the line that holds a byte, counted from 1.
    func lineNumber(at offset: Int) throws(DatasetError) -> Int {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk(of: offset), alignment: 64)
        defer { chunk.deallocate() }
        var number = 1
        for position in stride(from: 0, to: offset, by: chunk.count) {
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunk.count, offset - position)])
            try read(at: position, into: part)
            for byte in part where byte == UInt8(ascii: "\n") { number += 1 }
        }
        return number
    }

    private static func chunk(of byteCount: Int) -> Int { max(1, min(1 << 20, byteCount)) }
}

/// Finds the lines of a file that is handed over part by part.
private struct LineFinder {
    let path: String
    private(set) var starts: [Int] = []
    /// Of the line that is being read.
    private var number = 1
    /// nil: only blanks so far.
    private var start: Int?

    init(path: String) { self.path = path }

    mutating func find(in part: UnsafeRawBufferPointer, at position: Int) throws(DatasetError) {
        var at = position == 0 && part.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        while at < part.count {
            let rest = part[at...]
            let lineEnd = rest.lineFeed ?? part.count
            if start == nil,
                let first = part[at..<lineEnd].firstIndex(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D })
            {
                start = position + first
                starts.append(position + first)
            }
            if lineEnd < part.count { try end(at: position + lineEnd) } else { try checkLength(to: position + lineEnd) }
            at = lineEnd + 1
        }
    }

    mutating func end(at position: Int) throws(DatasetError) {
        try checkLength(to: position)
        if let start, position - start < SampleLine.fewestBytes {
            throw .line(
                path: path, line: number, LineProblem(expected: SampleLine.example, got: "\(position - start) bytes"))
        }
        start = nil
        number += 1
    }

    private func checkLength(to position: Int) throws(DatasetError) {
        guard let start, position - start > SampleLine.mostBytes else { return }
        throw .line(path: path, line: number, LineProblem(expected: "at most 16 MiB a line", got: "more"))
    }
}

extension Slice<UnsafeRawBufferPointer> {
    fileprivate var lineFeed: Int? {
        let bytes = UnsafeRawBufferPointer(rebasing: self)
        guard let base = bytes.baseAddress, let found = memchr(base, 0x0A, bytes.count) else { return nil }
        return startIndex + (UnsafeRawPointer(found) - base)
    }
}
