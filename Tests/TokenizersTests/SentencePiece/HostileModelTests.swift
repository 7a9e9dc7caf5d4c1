import Testing
import Tokenizers

@Suite struct HostileModelTests {
    private func error(_ bytes: [UInt8]) -> TokenizerError? {
        do throws(TokenizerError) {
            _ = try SentencePieceTokenizer(bytes: bytes, path: "t.model")
            return nil
        } catch {
            return error
        }
    }

    @Test func `A sound model is none of these`() throws {
        let tokenizer = try SentencePieceTokenizer(
            bytes: ModelBytes.model([ModelBytes.piece("\u{2581}"), ModelBytes.piece("a")]), path: "t.model")
        #expect(try tokenizer.encode("ab", addSpecial: false) == [1, 2, 0])
    }

    @Test func `Each wrong file is one error that names what was expected`() throws {
        let wrong: [(bytes: [UInt8], error: String)] = [
            ([], "t.model: the file: expected a SentencePiece model with pieces, got none"),
            (Array("{\"version\"".utf8), "t.model: byte 0: expected a field's kind, 0, 1, 2 or 5, got 3"),
            ([0x0a, 0x80], "t.model: byte 1: expected a number of variable length, got the file's end"),
            ([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x61], "bytes, got 1"),
            ([0x08] + Array(repeating: 0xff, count: 11), "expected a number of at most ten bytes, got more"),
            (
                ModelBytes.model([ModelBytes.piece("")]),
                "t.model: piece 1: expected 1 to 4096 bytes without a zero, got 0 bytes"
            ),
            (ModelBytes.model([ModelBytes.piece(String(repeating: "a", count: 5000))]), "got 5000 bytes"),
            (ModelBytes.model([ModelBytes.piece("a\u{0}")]), "without a zero"),
            (ModelBytes.model([WrittenPiece(text: [0xff])]), "t.model: piece 1: expected UTF-8, got other bytes"),
            (
                ModelBytes.model([ModelBytes.piece("a", score: .nan)]),
                "t.model: piece 1: expected a finite score, got nan"
            ),
            (ModelBytes.model([ModelBytes.piece("a", score: -.infinity)]), "expected a finite score"),
            (
                ModelBytes.model([ModelBytes.piece("a"), ModelBytes.piece("a")]),
                "t.model: piece 2: expected one that is not there yet, got \"a\""
            ),
            (
                ModelBytes.model([ModelBytes.piece("b", .unknown)]),
                "t.model: the pieces: expected one of the type unknown, got 2"
            ),
            (ModelBytes.model([ModelBytes.piece("<0x0A>", .byte)]), "expected none of the type byte, got 1"),
            (ModelBytes.model([ModelBytes.piece("<0x0a>", .byte)]), "expected a byte as <0x0A>, got \"<0x0a>\""),
            (
                ModelBytes.model([ModelBytes.piece("a")]) { $0.add(2, bytes: [0x18, 3]) },
                "trainer_spec.model_type word is not supported"
            ),
            (
                ModelBytes.model([ModelBytes.piece("a")]) { $0.add(2, bytes: [0x18, 9]) },
                "expected 1 (unigram) or 2 (bpe), got 9"
            ),
            (
                ModelBytes.model([ModelBytes.piece("a")]) { $0.add(5, bytes: [0x12, 1, 0]) },
                "denormalizer_spec.precompiled_charsmap is not supported"
            ),
        ]
        for (bytes, text) in wrong {
            let found = error(bytes).map { "\($0)" } ?? "no error"
            #expect(found.contains(text), "\(found)")
        }
    }

    @Test func `Every beginning of a file is an error or a smaller model`() throws {
        let whole = try Fixture.bytes("SentencePiece/unigram.model")
        var errors = 0
        for count in stride(from: 0, to: whole.count, by: 7) where error(Array(whole.prefix(count))) != nil {
            errors += 1
        }
        #expect(errors > 100)
    }

    @Test func `Rules of replacement that lead out of themselves, or in circles, replace nothing`() throws {
        // The root's children hang at 256; whose unit for "a" hangs there again, with a value behind all texts.
        var units = [UInt32](repeating: 0, count: 512)
        units[0] = 256 << 10
        func map(_ unit: UInt32, value: UInt32) -> [UInt8] {
            units[256 ^ 0x61] = unit | 0x61
            units[256] = 1 << 31 | value
            let bytes = ([UInt32(units.count * 4)] + units).flatMap { unit in
                (0..<4).map { UInt8(unit >> (8 * $0) & 0xff) }
            }
            return bytes + Array("xy\u{0}".utf8)
        }
        func tokenizer(_ map: [UInt8]) throws -> SentencePieceTokenizer {
            var rules = ProtobufWriter()
            rules.add(2, bytes: map)
            rules.add(3, varint: 0)
            let bytes = ModelBytes.model([
                ModelBytes.piece("a"), ModelBytes.piece("x"), ModelBytes.piece("y"), ModelBytes.piece("y\u{2581}"),
            ]) {
                $0.add(3, bytes: rules.bytes)
            }
            return try SentencePieceTokenizer(bytes: bytes, path: "t.model")
        }
        // An offset of 0x61 leads from 256 ^ 0x61 to 256.
        let sound = try tokenizer(map(0x61 << 10 | 1 << 8, value: 0))
        #expect(try sound.encode("a", addSpecial: false) == [2, 3])
        let circle = String(repeating: "a", count: 3000)
        #expect(try sound.encode(circle, addSpecial: false) == [2, 3])
        let outside = try tokenizer(map(0x61 << 10 | 1 << 8, value: 1 << 20))
        #expect(try outside.encode("a", addSpecial: false) == [1])
        let faraway = try tokenizer(map(0x1f_ffff << 10 | 1 << 8, value: 0))
        #expect(try faraway.encode("aa", addSpecial: false) == [1, 1])
    }

    @Test func `A file with bytes changed loads or is refused, and what loads encodes`() throws {
        var state: UInt64 = 7
        func random(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for name in ["unigram", "bpe-bytes", "bpe-unused", "unigram-bytes"] {
            let whole = try Fixture.bytes("SentencePiece/\(name).model")
            for _ in 0..<150 {
                var bytes = whole
                for _ in 0..<random(below: 6) + 1 { bytes[random(below: bytes.count)] = UInt8(random(below: 256)) }
                guard let tokenizer = try? SentencePieceTokenizer(bytes: bytes, path: "t.model") else { continue }
                let ids = try tokenizer.encode("one layer, \u{ff21}b <n>", addSpecial: false)
                _ = try tokenizer.decode(ids, skipSpecial: true)
            }
        }
    }
}
