/// What is wrong with a data file, or with the pair of a data set and what is asked of it.
public enum DatasetError: Error, Hashable, Sendable {
    /// A system call on a file failed.
    case file(path: String, operation: String, reason: String)
    /// A file's size does not fit: `expected` says what was needed.
    case size(path: String, bytes: Int, expected: String)
    /// Too little data for even one sample.
    case noSample(source: String, tokens: Int, needed: Int)
    /// A token that the model has no embedding for.
    case vocabulary(token: Int, vocabulary: Int, location: TokenLocation)
    /// A setting that cannot work.
    case setting(name: String, expected: String, got: String)
    /// The reader's thread could not start.
    case thread(reason: String)
}

extension DatasetError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let path, let operation, let reason): "\(path): cannot \(operation): \(reason)"
        case .size(let path, let bytes, let expected): "\(path): expected \(expected), got \(bytes) bytes"
        case .noSample(let source, let tokens, let needed):
            "\(source): one sample needs \(needed) tokens (the sequence length and one more), got \(tokens)"
        case .vocabulary(let token, let vocabulary, let location):
            "\(location): token \(token) is outside the vocabulary of \(vocabulary): expected 0 to \(vocabulary - 1)"
        case .setting(let name, let expected, let got): "\(name): expected \(expected), got \(got)"
        case .thread(let reason): "cannot start the data reader's thread: \(reason)"
        }
    }
}

/// Where a token stands.
public struct TokenLocation: Hashable, Sendable, CustomStringConvertible {
    /// The file, or what stands for it.
    public var source: String
    /// Counted from 0, in that file.
    public var token: Int
    /// Of the token's first byte; nil where tokens are not stored.
    public var byte: Int?

    public init(source: String, token: Int, byte: Int?) {
        self.source = source
        self.token = token
        self.byte = byte
    }

    public var description: String {
        source + ": token \(token)" + (byte.map { " (byte offset \($0))" } ?? "")
    }
}
