import Manifests
import Testing

/// The exact message for each mistake a user is likely to make.
@Suite struct MistakeTests {
    struct Mistake: CustomTestStringConvertible, Sendable {
        var yaml: String
        var set: [String] = []
        var message: String
        var testDescription: String { message }
    }

    static func change(_ changes: KeyValuePairs<String, String?>, _ message: String) -> Mistake {
        Mistake(yaml: Pipelines.yaml(changes), message: message)
    }

    static func set(_ overrides: String..., message: String) -> Mistake {
        Mistake(yaml: Pipelines.yaml(), set: overrides, message: message)
    }

    @Test(arguments: mistakes) func `says what is wrong and what to write`(_ mistake: Mistake) {
        #expect(Pipelines.message(mistake.yaml, set: mistake.set) == mistake.message)
    }

    static let mistakes: [Mistake] = keys + values + layers + overrides
}
