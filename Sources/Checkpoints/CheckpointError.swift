public import Tensors

/// What is wrong with a checkpoint's files, or with the pair of a checkpoint and a model.
public enum CheckpointError: Error, Hashable, Sendable {
    /// A system call on a file failed.
    case file(path: String, operation: String, reason: String)
    /// A file breaks its format at `place`.
    case malformed(path: String, place: String, expected: String, got: String)
    /// Tensors that do not fit the model: all of them.
    case mismatch(path: String, [TensorMismatch])
    /// The file system has too little room.
    case space(path: String, needed: Int, free: Int)
    /// Not all tensors were written, or more than there are.
    case incomplete(path: String, expected: Int, got: Int)
}

/// One tensor that a model and its weights disagree on.
public enum TensorMismatch: Hashable, Sendable {
    case missing(name: String, expected: TensorSpec)
    case extra(name: String, type: StoredType, shape: Shape)
    case different(name: String, expected: TensorSpec, type: StoredType, shape: Shape)
}

extension CheckpointError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let path, let operation, let reason): "\(path): cannot \(operation): \(reason)"
        case .malformed(let path, let place, let expected, let got):
            "\(path): \(place): expected \(expected), got \(got)"
        case .mismatch(let path, let mismatches):
            "\(path): \(mismatches.count) of its tensors do not fit the model:"
                + mismatches.map { "\n  \($0)" }.joined()
        case .space(let path, let needed, let free):
            "\(path): the file system has \(free) bytes free, \(needed) are needed"
        case .incomplete(let path, let expected, let got):
            "\(path): \(got) of \(expected) bytes were written, so it is not kept"
        }
    }
}

extension TensorMismatch: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let name, let expected): "\(shown(name)): expected \(expected), got nothing"
        case .extra(let name, let type, let shape): "\(shown(name)): expected nothing, got \(type)\(shape)"
        case .different(let name, let expected, let type, let shape):
            "\(shown(name)): expected \(expected), got \(type)\(shape)"
        }
    }
}
