import Foundation
import Testing
import Tokenizers

/// Models beside slow twins that do what the definition says.
@Suite struct NaiveModelTests {
    /// The leftmost of the pairs that merge first, again and again.
    private func merged(_ word: [String], _ ranks: [String: Int]) -> [String] {
        var word = word
        while true {
            let pairs = zip(word, word.dropFirst()).enumerated().compactMap { index, pair in
                ranks["\(pair.0) \(pair.1)"].map { (rank: $0, index: index) }
            }
            guard let best = pairs.min(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) else { return word }
            word.replaceSubrange(best.index...best.index + 1, with: [word[best.index] + word[best.index + 1]])
        }
    }

    @Test(arguments: [3, 17, 40, 41, 90, 700])
    func `merging short and long words gives what merging by the definition does`(_ length: Int) throws {
        var random = RepeatableNumbers(state: UInt64(length))
        for _ in 0..<20 {
            var vocab = ["a", "b", "c"]
            var merges: [String] = []
            for _ in 0..<25 {
                let (left, right) = (vocab[random.next(vocab.count)], vocab[random.next(vocab.count)])
                if vocab.contains(left + right) || (left + right).count > 12 { continue }
                vocab.append(left + right)
                merges.append("\(left) \(right)")
            }
            let entries = vocab.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
            var file = SmallFile()
            file.model =
                "{\"type\": \"BPE\", \"vocab\": {\(entries)}, \"merges\": [\(merges.map { "\"\($0)\"" }.joined(separator: ", "))]}"
            let tokenizer = try file.load()
            let word = (0..<length).map { _ in vocab[random.next(3)] }
            let ranks = Dictionary(uniqueKeysWithValues: merges.enumerated().map { ($1, $0) })
            let ids = try tokenizer.encode(word.joined(), addSpecial: false)
            #expect(ids.compactMap { tokenizer.token(of: $0) } == merged(word, ranks))
        }
    }

    /// Every way to write the word, the first of those whose scores add up to the most.
    private func best(_ word: Substring, _ scores: [String: Double]) -> Double {
        if word.isEmpty { return 0 }
        let firsts = (1...word.count).compactMap { count in
            scores[String(word.prefix(count))].map { $0 + best(word.dropFirst(count), scores) }
        }
        return firsts.max() ?? -.infinity
    }

    @Test func `a unigram model finds the best of all ways to write a word`() throws {
        var random = RepeatableNumbers(state: 3)
        for _ in 0..<60 {
            var scores: [String: Double] = ["a": -3, "b": -3.5, "c": -4]
            for _ in 0..<12 {
                let piece = (0..<2 + random.next(3)).map { _ in ["a", "b", "c"][random.next(3)] }.joined()
                scores[piece] = -Double(random.next(1000)) / 128
            }
            let list = scores.sorted { $0.key < $1.key }
            var file = SmallFile()
            file.model =
                "{\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"<unk>\", 0], "
                + list.map { "[\"\($0.key)\", \($0.value)]" }.joined(separator: ", ") + "]}"
            let tokenizer = try file.load()
            let word = (0..<10).map { _ in ["a", "b", "c"][random.next(3)] }.joined()
            let pieces = try tokenizer.encode(word, addSpecial: false).compactMap { tokenizer.token(of: $0) }
            #expect(pieces.joined() == word)
            #expect(pieces.reduce(0) { $0 + (scores[$1] ?? -.infinity) } == best(word[...], scores), "\(word)")
        }
    }

    /// Foundation leaves marks that a compatibility mapping brings where they are: its canonical forms alone are held to.
    @Test(arguments: ["NFC", "NFD", "NFKC", "NFKD"])
    func `normal forms are Foundation's`(_ form: String) throws {
        let tokenizer = try SmallFile.bytes(normalizer: "{\"type\": \"\(form)\"}").load()
        var texts = RandomTexts(seed: 11)
        for length in 0..<200 {
            // Later scalars normalise by a later version of Unicode than the format's.
            let text = String(
                String.UnicodeScalarView(
                    texts.text(length).unicodeScalars.filter { $0.properties.age.map { $0.major <= 9 } ?? false }))
            let mapped =
                form.contains("K")
                ? text.unicodeScalars.map { String($0).decomposedStringWithCompatibilityMapping }.joined() : text
            let expected =
                form.hasSuffix("C")
                ? mapped.precomposedStringWithCanonicalMapping : mapped.decomposedStringWithCanonicalMapping
            let ids = try tokenizer.encode(text, addSpecial: false)
            #expect(ids.map { UInt8($0) } == Array(expected.utf8), "\(text.debugDescription)")
            #expect(try tokenizer.encodeWithOffsets(text, addSpecial: false).ids == ids)
        }
    }
}

/// Repeatable numbers.
struct RepeatableNumbers {
    var state: UInt64

    mutating func next(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(count))
    }
}
