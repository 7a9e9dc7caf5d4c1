internal import Glibc
internal import Synchronization
internal import Systems

/// The ids of many documents, one behind the other.
package struct TokenizedDocuments: Hashable, Sendable {
    package var ids: [Int32] = []
    /// For each document where its ids end.
    package var ends: [Int] = []

    package init() {}

    /// The ids of one document.
    package subscript(document: Int) -> ArraySlice<Int32> {
        ids[(document == 0 ? 0 : ends[document - 1])..<ends[document]]
    }
}

extension Tokenizer {
    /// Ids of many documents, encoded on all cores.
    ///
    ///     let lines = try tokenizer.encode(bytes, documents: ranges, addSpecial: false)
    ///     lines[0]   // ids of the first
    ///
    /// - Parameters:
    ///   - bytes: UTF-8 of all documents.
    ///   - documents: their parts of the bytes.
    ///   - threads: how many encode at once; as many as there are cores unless given.
    /// - Throws: what the first document in order that cannot be encoded gives.
    package func encode(
        _ bytes: [UInt8], documents: [Range<Int>], addSpecial: Bool, threads: Int? = nil
    ) throws(TokenizerError) -> TokenizedDocuments {
        let batch = BatchEncoding(documents, threads: threads ?? BatchEncoding.coreCount)
        let work: @Sendable () -> Void = {
            bytes.withUnsafeBufferPointer { bytes in
                batch.run { range, ids throws(TokenizerError) in
                    try self.encode(
                        utf8: UnsafeBufferPointer(rebasing: bytes[range]), addSpecial: addSpecial, into: &ids)
                }
            }
        }
        var helpers: [JoinableThread] = []
        for index in 1..<max(batch.threads, 1) {
            // Where no thread starts, fewer do the work.
            guard let helper = try? JoinableThread(name: "tokenizer-\(index)", work) else { break }
            helpers.append(helper)
        }
        work()
        helpers.forEach { $0.join() }
        return try batch.result()
    }

    /// The same for documents that are held as strings.
    package func encode(
        _ documents: [String], addSpecial: Bool, threads: Int? = nil
    ) throws(TokenizerError) -> TokenizedDocuments {
        var bytes: [UInt8] = []
        var ranges: [Range<Int>] = []
        bytes.reserveCapacity(documents.reduce(0) { $0 + $1.utf8.count })
        for document in documents {
            let start = bytes.count
            bytes += document.utf8
            ranges.append(start..<bytes.count)
        }
        return try encode(bytes, documents: ranges, addSpecial: addSpecial, threads: threads)
    }
}

/// Documents that threads take in turn, a chunk of neighbours each time, and what became of the chunks.
private final class BatchEncoding: Sendable {
    private struct Chunk: Sendable {
        var documents: Range<Int>
        var encoded: Result<TokenizedDocuments, TokenizerError>?
    }

    private let documents: [Range<Int>]
    private let chunkCount: Int
    private let chunks: Mutex<[Chunk]>
    private let next = Atomic<Int>(0)
    let threads: Int

    /// So many bytes are worth going for.
    private static let chunkBytes = 1 << 16

    static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    init(_ documents: [Range<Int>], threads: Int) {
        self.documents = documents
        var made: [Chunk] = []
        var start = 0
        var bytes = 0
        for (index, range) in documents.enumerated() {
            bytes += range.count
            guard bytes >= Self.chunkBytes || index == documents.count - 1 else { continue }
            made.append(Chunk(documents: start..<index + 1))
            start = index + 1
            bytes = 0
        }
        chunkCount = made.count
        self.threads = min(threads, made.count)
        chunks = Mutex(made)
    }

    /// Encodes chunks until none is left; every thread calls it.
    func run(_ encode: (Range<Int>, inout [Int32]) throws(TokenizerError) -> Void) {
        while case let index = next.add(1, ordering: .relaxed).oldValue, index < chunkCount {
            let range = chunks.withLock { $0[index].documents }
            let encoded = Result { () throws(TokenizerError) in
                var result = TokenizedDocuments()
                for document in documents[range] {
                    try encode(document, &result.ids)
                    result.ends.append(result.ids.count)
                }
                return result
            }
            chunks.withLock { $0[index].encoded = encoded }
        }
    }

    func result() throws(TokenizerError) -> TokenizedDocuments {
        let chunks = chunks.withLock { $0 }
        var all = TokenizedDocuments()
        all.ends.reserveCapacity(documents.count)
        for chunk in chunks {
            guard let part = try chunk.encoded?.get() else { continue }
            let base = all.ids.count
            all.ids += part.ids
            all.ends += part.ends.map { base + $0 }
        }
        return all
    }
}
