package import Systems

/// What is wrong with a data file, or with the pair of a data set and what is asked of it.
package enum DatasetError: Error, Hashable, Sendable {
    /// A system call on a file failed.
    case file(path: String, operation: String, reason: String)
    /// A file's size does not fit: `expected` says what was needed.
    case size(path: String, bytes: Int, expected: String)
    /// Too little data for even one sample.
    case noSample(source: String, tokens: Int, needed: Int)
    /// A token that the model has no embedding for.
    case vocabulary(token: Int, vocabulary: Int, location: TokenLocation)
    /// A file of another format than the one asked for.
    case foreign(path: String, kind: String)
    /// A number in a row that is not finite: every value that depends on it would be none.
    case notFinite(path: String, row: Int, column: Int, byte: Int)
    /// A line of a text file that is not what it must be; the column is counted in bytes.
    case line(path: String, line: Int, column: Int?, expected: String, got: String)
    /// Nothing counts in the loss of a step: its mean would be of nothing.
    /// - Parameter samples: the first few of those that it trains on, and how many `more` there are.
    case noTarget(step: Int, samples: [String], more: Int)
    /// A folder of shards, or a file of it, that is not what it must be.
    case shards(path: String, expected: String, got: String)
    /// Records that are no samples: the first of them, each with file and line, and how many there are.
    case records(first: [String], count: Int, allowed: Int, isWhole: Bool)
    /// A setting that cannot work.
    case setting(name: String, expected: String, got: String)
    /// The reader's thread could not start.
    case thread(reason: String)
}

extension DatasetError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let path, let operation, let reason): "\(path.printable()): cannot \(operation): \(reason)"
        case .size(let path, let bytes, let expected): "\(path.printable()): expected \(expected), got \(bytes) bytes"
        case .noSample(let source, let tokens, let needed):
            "\(source.printable()): one sample needs \(needed) tokens (the sequence length and one more), got \(tokens)"
        case .vocabulary(let token, let vocabulary, let location):
            "\(location): token \(token) is outside the vocabulary of \(vocabulary): expected 0 to \(vocabulary - 1)"
                + (token == -100 ? Self.ignoredTarget : "")
        case .foreign(let path, let kind): "\(path.printable()) is \(kind)"
        case .notFinite(let path, let row, let column, let byte):
            "\(path.printable()): row \(row), value \(column) (byte offset \(byte)) is not finite: expected a number"
        case .line(let path, let line, let column, let expected, let got):
            "\(path.printable()):\(line)\(column.map { ":\($0)" } ?? ""): expected \(expected), got \(got)"
        case .noTarget(let step, let samples, let more):
            samples.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
                + ": no label counts in step \(step), which trains on nothing else; "
                + "leave such samples out (labels of -100 alone), or use a larger batch"
        case .shards(let path, let expected, let got): "\(path.printable()): expected \(expected), got \(got)"
        case .records(let first, let count, let allowed, let isWhole):
            first.joined(separator: "\n")
                + (count > first.count ? "\nand \(count - first.count)\(isWhole ? "" : " or") more" : "")
                + "\n\(count == 1 ? "1 record is no sample" : "\(count) records are no samples")"
                + "\(isWhole ? "" : " so far"), \(allowed) may be passed over: --skip-bad N"
        case .setting(let name, let expected, let got): "\(name): expected \(expected), got \(got)"
        case .thread(let reason): "cannot start the data reader's thread: \(reason)"
        }
    }

    /// A file that is no text, with what helps.
    static func foreign(path: String, _ kind: ForeignFile) -> Self {
        .foreign(path: path, kind: kind == .parquet ? "\(kind), which is not read; \(parquetAdvice)" : "\(kind)")
    }

    /// A line for a shell: pyarrow reads a block of rows at a time, so the file may be of any size.
    private static let parquetAdvice =
        "write its rows as JSON lines (pip install pyarrow):\n  python3 -c 'import json, sys, pyarrow.parquet as p; "
        + "sys.stdout.writelines(json.dumps(r, ensure_ascii=False, default=str) + \"\\n\" "
        + "for b in p.ParquetFile(sys.argv[1]).iter_batches() for r in b.to_pylist())' in.parquet > out.jsonl"

    static func line(path: String, line: Int, _ problem: LineProblem) -> Self {
        .line(path: path, line: line, column: problem.column, expected: problem.expected, got: problem.got)
    }

    /// What somebody who writes −100 means elsewhere.
    private static let ignoredTarget =
        "; a stream's tokens are inputs as well as targets, so it cannot mark targets that do not count: leave them out, or use data.samples"
}

/// Where a token stands.
package struct TokenLocation: Hashable, Sendable, CustomStringConvertible {
    /// The file, or what stands for it.
    package var source: String
    /// Counted from 0, in that file.
    package var token: Int
    /// Of the token's first byte; nil where tokens are not stored.
    package var byte: Int?

    package init(source: String, token: Int, byte: Int?) {
        self.source = source
        self.token = token
        self.byte = byte
    }

    package var description: String {
        source.printable() + ": token \(token)" + (byte.map { " (byte offset \($0))" } ?? "")
    }
}

extension DatasetError: ExitCoded {
    package var exitCode: ExitCode {
        if case .thread = self { .interrupted } else { .badInput }
    }
}
