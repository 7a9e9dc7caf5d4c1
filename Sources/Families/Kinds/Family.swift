internal import Notation
internal import Systems

/// A family of pretrained models: what its configurations mean.
struct Family: Sendable {
    /// `model_type` in `config.json`.
    var name: String
    var describe: @Sendable (Configuration) throws(ManifestError) -> Description

    /// What a configuration says.
    struct Description {
        var model: MappedModel
        /// Of the tokens.
        var vocabulary: Int
        /// The longest sequence that the model was made for.
        var contextLength: Int
        /// Ids that a configuration without such keys means.
        var usualTokens = UsualTokens()
        /// What is computed otherwise than the configuration says, a sentence each.
        var notes: [String] = []
    }

    struct UsualTokens {
        var begin: Int?
        var end: [Int] = []
        var padding: Int?
    }

    /// In the order in which errors list them.
    static let all: [Family] = [
        .gpt2, .llama, .mistral, .qwen2, .qwen3, .gemma3, .glm, .glm4, .chatGLM,
    ]

    /// The family of a configuration.
    static func of(_ configuration: Configuration) throws(ManifestError) -> Family {
        let names = all.map(\.name)
        let name = try configuration.required("model_type").text(names.listed(with: "or"))
        if name == "gemma3" {
            throw try configuration.required("model_type").error(
                "the family gemma3, whose files hold what sees images too",
                expected: "gemma3_text: its language model alone")
        }
        guard let family = all.first(where: { $0.name == name }) else {
            throw try configuration.required("model_type").error(
                "the family \(name.printable(limit: 60))", expected: names.listed(with: "or"),
                suggestion: Suggestion.nearest(to: name, in: names))
        }
        return family
    }
}
