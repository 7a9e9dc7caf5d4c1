package import Systems
package import Tensors

/// What is wrong with a checkpoint's files, or with the pair of a checkpoint and a model.
package enum CheckpointError: Error, Hashable, Sendable {
    /// A system call on a file failed.
    case file(path: String, operation: String, reason: String)
    /// The same for want of something of the machine, as room on a disk: it may work later.
    case lacking(path: String, operation: String, reason: String)
    /// A file breaks its format at `place`.
    case malformed(path: String, place: String, expected: String, got: String)
    /// A file of another format: what it is, and what helps.
    case foreign(path: String, kind: String)
    /// Numbers that no training can begin with: all tensors that hold some.
    case notFinite(path: String, [NotFiniteTensor])
    /// Tensors that do not fit the model: all of them.
    case mismatch(path: String, [TensorMismatch])
    /// Values that the type they are to be stored as cannot hold.
    case beyondRange(path: String, name: String, count: Int, type: StoredType)
    /// The file system has too little room.
    case space(path: String, needed: Int, free: Int)
    /// Not all tensors were written, or more than there are.
    case incomplete(path: String, expected: Int, got: Int)
}

/// One tensor that a model and its weights disagree on.
package enum TensorMismatch: Hashable, Sendable {
    case missing(name: String, expected: TensorSpec)
    case extra(name: String, type: StoredEncoding, shape: Shape)
    case different(name: String, expected: TensorSpec, type: StoredEncoding, shape: Shape)
    /// One tensor under several spellings of its name.
    case repeated(name: String, spellings: [String])

    fileprivate var isExtra: Bool {
        guard case .extra = self else { return false }
        return true
    }
}

/// A tensor that holds infinities or what is not a number.
package struct NotFiniteTensor: Hashable, Sendable {
    package var name: String
    /// Elements that are not finite as f32.
    package var count: Int
    /// All elements.
    package var elements: Int

    package init(name: String, count: Int, elements: Int) {
        self.name = name
        self.count = count
        self.elements = elements
    }
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let path, let operation, let reason), .lacking(let path, let operation, let reason):
            "\(path.printable()): cannot \(operation): \(reason)"
        case .malformed(let path, let place, let expected, let got):
            "\(path.printable()): \(place): expected \(expected), got \(got)"
        case .mismatch(let path, let mismatches):
            "\(path.printable()): \(mismatches.count) of its tensors do not fit the model:"
                + Self.lines(Self.mostTelling(mismatches), of: mismatches.count)
        case .foreign(let path, let kind): "\(path.printable()) is \(kind)"
        case .notFinite(let path, let tensors):
            "\(path.printable()): \(tensors.count) of its tensors hold values that are not finite (NaN or infinite as "
                + "f32): start from weights of an earlier step"
                + Self.lines(
                    tensors.prefix(Self.longestList).map {
                        "\(shown($0.name)): \($0.count) of \($0.elements) elements"
                    }, of: tensors.count)
        case .beyondRange(let path, let name, let count, let type):
            "\(path.printable()): tensor \(quoted(name)): \(count) of its values are too large for \(type): write it as "
                + (type == .f16 ? "bf16 or f32" : "f32")
        case .space(let path, let needed, let free):
            "\(path.printable()): the file system has \(free) bytes free, \(needed) are needed"
        case .incomplete(let path, let expected, let got):
            "\(path.printable()): \(got) of \(expected) bytes were written, so it is not kept"
        }
    }

    /// Lines of one message; a list of all would push its beginning off the screen.
    private static let longestList = 20

    private static func lines(_ shown: [String], of count: Int) -> String {
        shown.map { "\n  \($0)" }.joined() + (shown.count < count ? "\n  … and \(count - shown.count) more" : "")
    }

    /// Both what the model lacks and what it does not know, as far as there is room: their names tell what is wrong.
    private static func mostTelling(_ mismatches: [TensorMismatch]) -> [String] {
        let extras = mismatches.filter(\.isExtra)
        let others = mismatches.filter { !$0.isExtra }
        let extraCount = min(extras.count, max(longestList / 2, longestList - others.count))
        return (others.prefix(longestList - extraCount) + extras.prefix(extraCount)).map(\.description)
    }
}

extension TensorMismatch: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let name, let expected): "\(shown(name)): expected \(expected), got nothing"
        case .extra(let name, let type, let shape): "\(shown(name)): expected nothing, got \(type)\(shape)"
        case .different(let name, let expected, let type, let shape):
            "\(shown(name)): expected \(expected), got \(type)\(shape)"
        case .repeated(let name, let spellings):
            "\(shown(name)): expected it once, got \(spellings.map(shown).joined(separator: " and "))"
        }
    }
}

extension CheckpointError: ExitCoded {
    package var exitCode: ExitCode {
        switch self {
        case .space, .lacking: .interrupted
        default: .badInput
        }
    }
}
