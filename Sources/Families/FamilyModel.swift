package import Checkpoints
package import Models
package import Notation
internal import Systems
package import Tensors

/// A pretrained model: what its configuration means, and where its parameters lie in its files.
///
///     let model = try FamilyModel(directory: "models/SmolLM2-135M")
///     model.sequential      // a list of layers like any other
///     model.tensors         // which tensors of the files fill its parameters
package struct FamilyModel: Hashable, Sendable {
    /// As `config.json` calls it: `llama`.
    package var family: String
    package var sequential: Sequential
    /// Where its parameters lie in the files it was read from.
    package var tensors: TensorMap
    /// Where they lie in files as Hugging Face's libraries read and an export writes them: the same, unless it came from a
    /// GGUF file.
    package var exported: TensorMap
    /// The text of `config.json`; for a GGUF file, of one that says the same.
    package var configuration: [UInt8]
    /// Rows of the tokens' vectors.
    package var vocabulary: Int
    /// The longest sequence that it was made for.
    package var contextLength: Int
    /// Ids behind which generation stops.
    package var endTokens: [Int]
    package var beginToken: Int?
    package var paddingToken: Int?
    /// The type that its author names; files may have another.
    package var dtype: DType?
    /// What is computed otherwise than the configuration says, a sentence each, for the user to read.
    package var notes: [String]

    /// The largest families' names, for errors and help.
    package static var families: [String] { Family.all.map(\.name) }

    /// Reads `config.json` of a folder as Hugging Face lays it out, and `generation_config.json` where there is one.
    /// - Throws: the first setting that cannot be computed, with its place, what stands there and what may.
    package init(directory: String) throws(ManifestError) {
        let folder = directory.hasSuffix("/") || directory.isEmpty ? directory : directory + "/"
        let path = folder + "config.json"
        let text = try Configuration.read(path)
        try self.init(text, path: path)
        let generation = folder + "generation_config.json"
        guard File.exists(generation) else { return }
        try readTokens(Configuration(Configuration.read(generation), path: generation))
    }

    /// Reads the metadata of a GGUF file, and the names of its tensors.
    /// - Throws: the first setting that cannot be computed: what stands there and what may.
    package init(gguf: GGUFFile) throws(ManifestError) {
        let translated = try GGUFConfiguration(gguf)
        try self.init(Array(translated.json.utf8), path: gguf.path)
        let names = GGUFNames(
            hasPairsSideBySide: translated.architecture == "llama", headWidth: translated.headWidth)
        tensors = names.map(tensors)
    }

    /// - Parameter text: of `config.json`, which errors call `path`.
    init(_ text: [UInt8], path: String) throws(ManifestError) {
        let configuration = try Configuration(text, path: path)
        let family = try Family.of(configuration)
        try configuration.refuseUnsupported()
        let described = try family.describe(configuration)
        (self.family, vocabulary, contextLength) = (family.name, described.vocabulary, described.contextLength)
        (sequential, tensors, notes) = (described.model.sequential, described.model.tensors, described.notes)
        exported = tensors
        self.configuration = text
        let usual = described.usualTokens
        endTokens = try configuration.tokens("eos_token_id", vocabulary: vocabulary, usual: usual.end)
        beginToken = try configuration.token("bos_token_id", vocabulary: vocabulary, usual: usual.begin)
        paddingToken = try configuration.token("pad_token_id", vocabulary: vocabulary, usual: usual.padding)
        dtype = configuration.dtype()
        try sequential.check()
    }

    /// What generation is configured with goes before what the model is.
    private mutating func readTokens(_ generation: Configuration) throws(ManifestError) {
        endTokens = try generation.tokens("eos_token_id", vocabulary: vocabulary, usual: endTokens)
        beginToken = try generation.token("bos_token_id", vocabulary: vocabulary, usual: beginToken)
        paddingToken = try generation.token("pad_token_id", vocabulary: vocabulary, usual: paddingToken)
    }
}
