import Systems
import Testing
import Tokenizers

/// Many documents at once.
@Suite struct ParallelEncodingTests {
    /// Encodes nothing until so many threads are at it.
    private struct Meeting: Tokenizer {
        let wanted: Int
        let arrived = Shared(0)
        let met = Shared(false)
        let vocabularySize = 1
        let specialIds: Set<Int32> = []

        init(_ wanted: Int) { self.wanted = wanted }

        func id(of token: String) -> Int32? { nil }
        func token(of id: Int32) -> String? { nil }
        func decode(_ ids: [Int32], skipSpecial: Bool) throws(TokenizerError) -> String { "" }
        func encodeWithOffsets(_ text: String, addSpecial: Bool) throws(TokenizerError) -> TokenizedText { .init() }

        func encode(
            utf8 text: UnsafeBufferPointer<UInt8>, addSpecial: Bool, into ids: inout [Int32]
        ) throws(TokenizerError) {
            ids.append(Int32(text.count))
            let count = arrived.update { (count: inout Int) in
                count += 1
                return count
            }
            if count >= wanted { return met.update { $0 = true } }
            // Who comes alone waits for the others; ten seconds are for a test that fails.
            _ = met.wait(until: MonotonicClock.now + 10_000_000_000) { (met: inout Bool) in met ? true : nil }
        }
    }

    @Test(arguments: [2, 3])
    func `documents are encoded by as many threads at once as are asked for`(_ threads: Int) throws {
        let tokenizer = Meeting(threads)
        let size = 1 << 16
        let bytes = [UInt8](repeating: 0x61, count: threads * size)
        let documents = (0..<threads).map { $0 * size..<($0 + 1) * size }
        let encoded = try tokenizer.encode(bytes, documents: documents, addSpecial: false, threads: threads)
        #expect(tokenizer.met.withLock { $0 }, "fewer threads than \(threads) were encoding at any time")
        #expect(encoded.ids == documents.map { _ in Int32(size) })
    }

    @Test func `no document at all is no error`() throws {
        let encoded = try BytesTokenizer().encode([UInt8](), documents: [], addSpecial: true)
        #expect(encoded.ids.isEmpty && encoded.ends.isEmpty)
        let empty = try BytesTokenizer().encode(["", "a", ""], addSpecial: true)
        #expect(empty.ends == [0, 1, 1])
        #expect(empty[2].isEmpty)
    }
}
