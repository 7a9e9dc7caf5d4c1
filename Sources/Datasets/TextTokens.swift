/// The bytes of text files as one stream of tokens 0 … 255: the files follow each other with nothing between them.
package final class TextTokens: TokenSource {
    package let count: Int
    private let files: [DataFile]
    /// The stream's index of each file's first byte, and behind the last one the count.
    private let starts: [Int]

    /// The first so many files stay open; more are opened for each read, so that a long list needs few descriptors.
    private static let openFiles = 64

    /// Throws when a file cannot be read.
    package init(paths: [String]) throws(DatasetError) {
        var files: [DataFile] = []
        var starts = [0]
        for path in paths {
            let file = try DataFile(path: path, staysOpen: files.count < Self.openFiles)
            let (end, overflow) = (starts.last ?? 0).addingReportingOverflow(file.byteCount)
            guard !overflow else { throw .size(path: path, bytes: file.byteCount, expected: "less than 2^63 in all") }
            files.append(file)
            starts.append(end)
        }
        self.files = files
        self.starts = starts
        count = starts.last ?? 0
    }

    package var name: String { files.map(\.path).joined(separator: ", ") }

    package func copy(_ range: Range<Int>, into out: UnsafeMutableBufferPointer<Int32>) throws(DatasetError) {
        requireRoom(range, in: count, out)
        guard !range.isEmpty else { return }
        var position = range.lowerBound
        var file = self.file(of: position)
        while position < range.upperBound {
            let end = min(starts[file + 1], range.upperBound)
            let part = out[position - range.lowerBound..<end - range.lowerBound]
            try UnsafeMutableBufferPointer(rebasing: part)
                .fill(from: files[file], at: position - starts[file], as: UInt8.self)
            position = end
            file += 1
        }
    }

    package func location(of token: Int) -> TokenLocation {
        let file = self.file(of: token)
        return TokenLocation(source: files[file].path, token: token - starts[file], byte: token - starts[file])
    }

    package func firstToken(
        notBelow vocabulary: Int, in range: Range<Int>, cache: ScanCache
    ) throws(DatasetError) -> Int? {
        for (index, file) in files.enumerated() {
            let part = range.clamped(to: starts[index]..<starts[index + 1])
            let bytes = part.lowerBound - starts[index]..<part.upperBound - starts[index]
            let found = try file.firstNumber(
                notBelow: UInt64(vocabulary), in: bytes, as: UInt8.self, cache: cache)
            if let found { return starts[index] + found }
        }
        return nil
    }

    package func prepare(for order: SampleOrder) {
        for file in files { file.prepare(for: order) }
    }

    /// The file that holds a token, by bisection: the last one that starts at or before it and is not empty.
    private func file(of token: Int) -> Int {
        var low = 0
        var high = files.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= token { low = middle } else { high = middle }
        }
        return low
    }
}
