internal import Foundation
internal import Systems

extension ShardManifest {
    private static let longestFile = 256 << 20
    /// Of numbers: sums of them are no overflow.
    private static let mostTokens = 1 << 48

    /// Reads `manifest.json` of a folder.
    /// - Throws: where there is none, or it is not what this program writes.
    package static func load(folder: String) throws(DatasetError) -> ShardManifest {
        let path = "\(folder)/\(fileName)"
        guard File.exists(path) else {
            let rest = File.exists("\(folder)/\(PreparationState.fileName)")
            throw .shards(
                path: folder, expected: "a folder that `echelon data prepare` wrote, with \(fileName)",
                got: rest ? "one that is not finished: start the same command again" : "none there")
        }
        let manifest = try decode(ShardManifest.self, path)
        guard manifest.format == kind, manifest.version == newest else {
            throw .shards(
                path: path, expected: "format \"\(kind)\", version \(newest)",
                got: "\"\(manifest.format.printable(limit: 60))\", \(manifest.version)")
        }
        try manifest.check(path)
        return manifest
    }

    /// A JSON file's value.
    static func decode<Value: Decodable>(_ type: Value.Type, _ path: String) throws(DatasetError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(try File.read(path, limit: longestFile)))
        } catch let error as SystemError {
            throw .file(path: error.path, operation: error.operation, reason: error.explanation)
        } catch {
            throw .shards(path: path, expected: "what `echelon data prepare` writes", got: explain(error))
        }
    }

    /// The same the other way: keys in order, so that equal values are equal bytes.
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [0x0A]
    }

    private static func explain(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "none of the key \"\(key.stringValue.printable(limit: 60))\""
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "another value for \"\(context.codingPath.map(\.stringValue).joined(separator: ".").printable(limit: 200))\""
        default: "what is no JSON of it"
        }
    }

    /// Sizes and names that the rest of the program may rely on.
    func check(_ path: String) throws(DatasetError) {
        func wrong(_ expected: String, _ got: String) -> DatasetError {
            .shards(path: path, expected: expected, got: got)
        }
        guard 1...Int(Int32.max) ~= tokenizer.vocabulary else {
            throw wrong("a vocabulary of 1 to \(Int32.max)", "\(tokenizer.vocabulary)")
        }
        var sum = ShardManifest(tokenizer: tokenizer, template: template, settings: settings, inputs: inputs)
        for (number, shard) in shards.enumerated() {
            guard shard.name == Self.name(number) else {
                throw wrong("the shard \(Self.name(number))", "\"\(shard.name.printable(limit: 60))\"")
            }
            guard 1...Self.mostTokens ~= shard.tokens, 1...shard.tokens ~= shard.samples,
                1...shard.tokens ~= shard.longest, 0...shard.tokens ~= shard.counted,
                0...shard.samples ~= shard.truncated, sum.tokens <= Self.mostTokens
            else { throw wrong("numbers of samples and tokens that fit each other", "others in shard \(shard.name)") }
            sum.add(shard)
        }
        guard !shards.isEmpty else { throw wrong("at least one shard", "none") }
        guard (sum.samples, sum.tokens, sum.counted, sum.longest) == (samples, tokens, counted, longest) else {
            throw wrong("the shards' sums", "others")
        }
    }

    /// Of a shard, by its number.
    static func name(_ number: Int) -> String { number.digits(5) }
}
