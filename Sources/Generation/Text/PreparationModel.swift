package import Datasets
import Families
package import Runs
import Systems
import Tokenizers

/// What preparing data for a model needs of it: its tokenizer, and how it reads conversations. Its weights need not be
/// there.
///
///     let model = try PreparationModel(path: "SmolLM2-135M-Instruct")
///     try DataPreparation(files, to: folder, model.coder, tokenizer: model.tokenizer, template: model.template, …)
package struct PreparationModel: Sendable {
    package let coder: SampleCoder
    package let tokenizer: ShardManifest.Tokenizer
    package let template: ShardManifest.Template

    /// Without a template.
    package static let plain = "none"

    /// - Parameters:
    ///   - path: a run directory, a folder, a GGUF file, or a tokenizer's `.model` file.
    ///   - template: a file, the name of a built-in template, or `none`; nil: the model's, none where it has none.
    ///   - time: for templates that write the date: seconds since 1970.
    /// - Throws: bad input: no tokenizer, or a template that is not understood.
    package init(path: String, template: String? = nil, time: Int = 0) throws(RunFailure) {
        do {
            let places = try ModelSource.familyPlaces(of: path)
            guard let found = try FamilyTokenizer.load(firstOf: places) else {
                throw RunFailure.badInput("\(path.printable()): there is no tokenizer")
            }
            let files = try ChatFiles(places: places)
            let none = (form: SampleCoder.Form.plain, template: ShardManifest.Template(name: Self.plain))
            let (form, named) = template == Self.plain ? none : try files.form(named: template) { found } ?? none
            let end = try Self.end(form, files, found, path)
            coder = try SampleCoder(found, form, end: end, time: time)
            tokenizer = .model(found, end: coder.end, path: try File.absolute(path))
            self.template = named
        } catch let error as RunFailure {
            throw error
        } catch {
            throw .badInput(error)
        }
    }

    /// A token is a byte: for tasks that a model learns from nothing.
    /// - Parameter template: nil or `none`; bytes have no template.
    package init(bytes template: String?) throws(RunFailure) {
        guard template == nil || template == Self.plain else {
            throw .badInput(
                "--template: expected none with --tokenizer bytes, got \(template?.printable(limit: 60) ?? "")")
        }
        do {
            coder = try SampleCoder(BytesTokenizer(), .plain, end: Int32(ShardManifest.Tokenizer.bytesEnd))
        } catch {
            throw .badInput(error)
        }
        tokenizer = .bytes
        self.template = .init(name: Self.plain)
    }

    /// The token that ends a text, as the model's files say.
    private static func end(
        _ form: SampleCoder.Form, _ files: ChatFiles, _ tokenizer: any Tokenizer, _ path: String
    ) throws -> Int32 {
        if case .chatGLM(let prompt) = form, let id = tokenizer.id(of: prompt == .first ? "<eop>" : "</s>") {
            return id
        }
        if let id = try files.specialTokens()["eos_token"].flatMap({ tokenizer.id(of: $0) }) { return id }
        if let id = try files.endToken() { return id }
        let usual = ["<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>"]
        if let id = usual.lazy.compactMap({ tokenizer.id(of: $0) }).first { return id }
        throw RunFailure.badInput(
            "\(path.printable()): expected a token that ends a text: eos_token in tokenizer_config.json, got none")
    }
}
