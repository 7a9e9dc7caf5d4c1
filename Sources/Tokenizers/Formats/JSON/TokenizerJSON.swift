internal import Systems

/// Reads `tokenizer.json`, the format of Hugging Face's `tokenizers`: what the families' files use of it. Anything else is
/// refused by name. Truncation and padding are left to whoever makes batches.
package enum TokenizerJSON {
    /// Larger files are refused before they are read.
    package static let largestFile = 64 << 20

    /// - Throws: for a file that cannot be read, is damaged, or asks for what is not built in.
    package static func load(path: String) throws(TokenizerError) -> PipelineTokenizer {
        let bytes = try TokenizerFile.read(path, limit: largestFile)
        if let kind = ForeignFile(head: bytes), kind != .json {
            throw .foreign(path: path, kind: "\(kind), expected a tokenizer.json")
        }
        return try load(bytes, path: path)
    }

    /// - Parameter path: for errors.
    package static func load(_ bytes: [UInt8], path: String) throws(TokenizerError) -> PipelineTokenizer {
        let parts: PipelineParts
        do throws(LoadProblem) { parts = try self.parts(bytes) } catch { throw error.error(in: path) }
        return try PipelineTokenizer(parts)
    }

    /// The file's members, with the model left where it is in the file.
    private struct Members {
        var nodes: [String: JSONNode] = [:]
        var model: JSONReader?
    }

    private static func parts(_ bytes: [UInt8]) throws(LoadProblem) -> PipelineParts {
        let outcome: Result<PipelineParts, LoadProblem> = bytes.withUnsafeBufferPointer { bytes in
            Result { () throws(LoadProblem) in
                let members = try members(bytes)
                guard let model = members.model else {
                    throw .malformed(place: "the file", expected: "\"model\", as a tokenizer.json has it", got: "none")
                }
                return try TokenizerJSONBuilder(members.nodes, model: model).parts()
            }
        }
        return try outcome.get()
    }

    private static func members(_ bytes: UnsafeBufferPointer<UInt8>) throws(LoadProblem) -> Members {
        var reader = JSONReader(bytes)
        var members = Members()
        var seen: Set<String> = []
        var budget = JSONNode.usualBudget
        try reader.object { (reader: inout JSONReader, key: String) throws(LoadProblem) in
            guard seen.insert(key).inserted, seen.count <= 100 else {
                throw .malformed(place: "the file", expected: "each key once", got: "\(shownToken(key)) again")
            }
            switch key {
            case "model":
                members.model = reader
                try reader.skip()
            case "version", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder":
                members.nodes[key] = try JSONNode(&reader, place: key, budget: &budget)
            default: try reader.skip()
            }
        }
        try reader.end()
        return members
    }
}

/// Reading files of tokenizers.
enum TokenizerFile {
    /// Everything that a regular file holds.
    static func read(_ path: String, limit: Int) throws(TokenizerError) -> [UInt8] {
        do throws(SystemError) {
            let file = try RegularFile(path)
            guard file.byteCount <= limit else {
                throw SystemError("read", path, .tooLarge(bytes: file.byteCount, limit: limit))
            }
            return try file.head(file.byteCount)
        } catch {
            throw TokenizerError(error)
        }
    }
}
