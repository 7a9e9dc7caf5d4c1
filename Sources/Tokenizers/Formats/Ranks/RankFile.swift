internal import Foundation
internal import Systems

/// Reads tiktoken's rank files: a line for each token, its bytes as base64 and its rank, which is its id. What splits a
/// text and which special tokens there are is not in the file: the caller says so, or the file is of a known kind.
///
///     let tokenizer = try RankFile.load(path: "qwen.tiktoken")
package enum RankFile {
    /// Larger files are refused before they are read.
    package static let largestFile = 64 << 20

    /// A file of a known kind, by how many tokens it has.
    package static func load(path: String) throws(TokenizerError) -> PipelineTokenizer {
        let ranks = try ranks(path)
        guard let kind = RankFileKind.all.first(where: { $0.tokenCount == ranks.count }) else {
            throw .unsupported(
                path: path, what: "a rank file of \(ranks.count) tokens, whose regular expression is not in it,",
                supported: RankFileKind.all.map { "\($0.name) (\($0.tokenCount))" }.joined(separator: ", "))
        }
        return try tokenizer(ranks, path, kind)
    }

    /// - Parameters:
    ///   - pattern: the regular expression that splits a text.
    ///   - specialTokens: with their ids.
    package static func load(
        path: String, pattern: String, specialTokens: [(token: String, id: Int)]
    ) throws(TokenizerError) -> PipelineTokenizer {
        let ranks = try ranks(path)
        let kind = RankFileKind(
            name: "given", tokenCount: ranks.count, pattern: pattern, specialTokens: specialTokens)
        return try tokenizer(ranks, path, kind)
    }

    /// Whether a file's first bytes are those of a rank file: base64, a space, a number, the line's end.
    package static func begins(_ head: [UInt8]) -> Bool {
        let line = head.prefix { $0 != 0x0A }
        return line.count < head.count && (try? RankLine(line, number: 1)) != nil
    }

    private static func ranks(_ path: String) throws(TokenizerError) -> [RankLine] {
        let bytes = try TokenizerFile.read(path, limit: largestFile)
        if let kind = ForeignFile(head: bytes) { throw .foreign(path: path, kind: "\(kind), expected a rank file") }
        do throws(LoadProblem) {
            var lines: [RankLine] = []
            for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
            where !line.isEmpty {
                guard lines.count < Vocabulary.idLimit else {
                    throw .malformed(
                        place: "line \(number + 1)", expected: "at most \(Vocabulary.idLimit) tokens", got: "more")
                }
                lines.append(try RankLine(line, number: number + 1))
            }
            return lines
        } catch {
            throw error.error(in: path)
        }
    }

    private static func tokenizer(
        _ ranks: [RankLine], _ path: String, _ kind: RankFileKind
    ) throws(TokenizerError) -> PipelineTokenizer {
        let parts: PipelineParts
        do throws(LoadProblem) {
            parts = try self.parts(ranks, kind)
        } catch {
            throw error.error(in: path)
        }
        return try PipelineTokenizer(parts)
    }

    private static func parts(_ ranks: [RankLine], _ kind: RankFileKind) throws(LoadProblem) -> PipelineParts {
        var vocabulary = Vocabulary(capacity: ranks.count)
        for line in ranks {
            try vocabulary.add(
                ByteLetters.spelling(of: line.bytes), id: line.rank, place: "line \(line.number)")
        }
        let merges = try RankMerges(ranks)
        let model = BPEModel(alphabet: .bytes(merges.byteIds), pairs: merges.pairs, wholeWords: merges.tokens)
        var parts = PipelineParts(vocabulary: vocabulary, model: .bpe(model))
        parts.addedTokens = try kind.specialTokens.map { token, id throws(LoadProblem) in
            guard (0..<Vocabulary.idLimit).contains(id), vocabulary.token(Int32(id)) == nil else {
                throw .malformed(
                    place: "special tokens", expected: "an id of its own for \(shownToken(token))", got: "\(id)")
            }
            return AddedToken(id: Int32(id), content: token)
        }
        parts.preTokenizer = .split(.expression(try Pattern(kind.pattern)), .isolated, inverted: false)
        parts.decoder = .byteLevel
        if kind.composes { parts.normalizer = .form(.nfc) }
        let beginning = kind.specialTokens.filter { kind.beginning.contains($0.token) }.map { Int32($0.id) }
        if !beginning.isEmpty { parts.postProcessor = .template([.ids(beginning), .text]) }
        return parts
    }
}

/// A line of a rank file.
struct RankLine {
    var bytes: [UInt8]
    var rank: Int
    var number: Int

    init(_ line: ArraySlice<UInt8>, number: Int) throws(LoadProblem) {
        let sides = line.split(separator: 0x20, omittingEmptySubsequences: false)
        let rank = sides.last.map { String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self) } ?? ""
        guard sides.count == 2, let token = Data(base64Encoded: Data(sides[0])), !token.isEmpty,
            rank.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(rank)
        else {
            throw .malformed(
                place: "line \(number)", expected: "base64, a space and a rank",
                got: shownToken(String(decoding: line.prefix(80), as: UTF8.self)))
        }
        bytes = Array(token)
        self.rank = value
        self.number = number
    }
}

/// The merges that ranks stand for: every way to cut a token in two tokens, in the order of the ranks.
struct RankMerges {
    private(set) var tokens: ByteStringTable
    private(set) var pairs: PairTable
    /// Of single bytes.
    private(set) var byteIds: [Int32] = []

    /// Longer tokens have more ways to be cut than anyone uses.
    private static let longestToken = 4096

    init(_ ranks: [RankLine]) throws(LoadProblem) {
        tokens = ByteStringTable(capacity: ranks.count)
        pairs = PairTable(capacity: ranks.count * 2)
        for line in ranks { line.bytes.withUnsafeBufferPointer { _ = tokens.insert($0, Int32(line.rank)) } }
        for byte in UInt8.min...UInt8.max {
            guard let id = [byte].withUnsafeBufferPointer({ tokens.find($0) }) else {
                throw .malformed(place: "the file", expected: "a token for each byte", got: "none for byte \(byte)")
            }
            byteIds.append(id)
        }
        for line in ranks where line.bytes.count > 1 { try add(line) }
    }

    private mutating func add(_ line: RankLine) throws(LoadProblem) {
        guard line.bytes.count <= Self.longestToken else {
            throw .malformed(
                place: "line \(line.number)", expected: "a token of at most \(Self.longestToken) bytes",
                got: "\(line.bytes.count)")
        }
        line.bytes.withUnsafeBufferPointer { bytes in
            for cut in 1..<bytes.count {
                guard let left = tokens.find(UnsafeBufferPointer(rebasing: bytes[..<cut])),
                    let right = tokens.find(UnsafeBufferPointer(rebasing: bytes[cut...]))
                else { continue }
                pairs.insert(left, right, rank: line.rank, token: Int32(line.rank))
            }
        }
    }
}
