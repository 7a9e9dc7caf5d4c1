package import Systems

/// What is wrong with a tokenizer's files, or with what it was given to encode or decode.
package enum TokenizerError: Error, Hashable, Sendable {
    /// A system call on a file failed.
    case file(path: String, operation: String, reason: String)
    /// A file breaks its format at `place`.
    case malformed(path: String, place: String, expected: String, got: String)
    /// A file that asks for what is not built in: `what` names it, `supported` lists what there is.
    case unsupported(path: String, what: String, supported: String)
    /// A file of another format: what it is.
    case foreign(path: String, kind: String)
    /// A folder without any file of a tokenizer.
    case noFiles(directory: String, expected: String)
    /// A text that is not UTF-8 from this byte on.
    case notUTF8(byte: Int)
    /// A text that the tokenizer has no ids for.
    case text(expected: String, got: String)
    /// An id without a token.
    case id(Int32, vocabulary: Int)
    /// A thread could not start.
    case thread(reason: String)
}

extension TokenizerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let path, let operation, let reason): "\(path.printable()): cannot \(operation): \(reason)"
        case .malformed(let path, let place, let expected, let got):
            "\(path.printable()): \(place): expected \(expected), got \(got)"
        case .unsupported(let path, let what, let supported):
            "\(path.printable()): \(what) is not supported; expected \(supported)"
        case .foreign(let path, let kind): "\(path.printable()) is \(kind)"
        case .noFiles(let directory, let expected): "\(directory.printable()): no tokenizer: expected \(expected)"
        case .notUTF8(let byte): "a text to encode: expected UTF-8, got other bytes from byte \(byte) on"
        case .text(let expected, let got): "a text to encode: expected \(expected), got \(got)"
        case .id(let id, let vocabulary):
            "an id to decode: expected one of the vocabulary, from 0 to \(vocabulary - 1), got \(id)"
        case .thread(let reason): "cannot start the tokenizer's thread: \(reason)"
        }
    }

    package init(_ error: SystemError) {
        self = .file(path: error.path, operation: error.operation, reason: error.explanation)
    }
}

extension TokenizerError: ExitCoded {
    package var exitCode: ExitCode {
        if case .thread = self { .interrupted } else { .badInput }
    }
}

/// A token or name from a file as a message may show it: escaped, of bounded length, in quotes.
package func shownToken(_ text: some StringProtocol) -> String { "\"\(text.printable(limit: 80))\"" }
