import Checkpoints
import Families
import Foundation
import Models
import Notation
import TestSupport
import Testing

/// `make_adapters.py` says what peft computes with the adapters beside it.
@Suite struct AdapterTests {
    private struct Expected: Decodable {
        let ids: [[Int32]]
        let loss: Double
        let logits: [[[Float]]]
        let gradients: [String: [Double]]
    }

    private let mark = Mark(file: "p.yaml", line: 3, column: 1)

    private func adapted(_ family: FamilyModel, _ folder: AdapterFolder) throws -> AdaptedModel {
        try AdaptedModel(family.sequential, family.exported, folder.settings(), at: mark)
    }

    @Test(arguments: ["llama", "gpt2", "glm", "qwen3"])
    func `logits, loss and gradients of an adapted model are those of peft`(_ name: String) throws {
        let (path, folder) = (fixture("Models/\(name)"), AdapterFolder(fixture("Adapters/\(name)")))
        let data = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/expected.json"))
        let expected = try JSONDecoder().decode(Expected.self, from: data)
        let family = try FamilyModel(directory: path)
        let adapted = try adapted(family, folder)
        let map = try #require(adapted.tensors)
        #expect(map.problems == [])
        let run = try PretrainedRun(
            family, PretrainedWeights(path: path).mapped(by: family.tensors), expected.ids,
            adapters: (adapted, folder.weights(map)))

        let logits = run.logits()
        for (row, positions) in expected.logits.enumerated() {
            for (offset, wanted) in positions.enumerated() {
                let position = expected.ids[row].count - positions.count + offset
                for (found, wanted) in zip(logits[row][position], wanted) { #expect(abs(found - wanted) < 4e-5) }
            }
        }
        let (loss, _) = run.trained(count: expected.ids.reduce(0) { $0 + $1.count - 1 })
        #expect(abs(loss / expected.loss - 1) < 2e-6)
        let sums = run.sums(ofAdapters: map)
        #expect(Set(sums.keys) == Set(expected.gradients.keys))
        // A module in two products has one A, whose gradient is the sum of two: magnitudes are compared for B alone.
        let modulesOnce = adapted.adaptation.ties.isEmpty
        for (name, wanted) in expected.gradients {
            let found = try #require(sums[name])
            #expect(abs(found[0] - wanted[0]) <= 4e-5 * wanted[1], "\(name)")
            if modulesOnce || name.contains("lora_B") {
                #expect(abs(found[1] - wanted[1]) <= 4e-5 * wanted[1], "\(name)")
            }
        }
    }

    @Test(arguments: PretrainedTests.names)
    func `every matrix of a family but the head can have an adapter`(_ name: String) throws {
        let family = try FamilyModel(directory: fixture("Models/\(name)"))
        let settings = AdapterSettings(rank: 2, alpha: 4, dropout: 0, isRankStabilised: false, targets: nil)
        let adapted = try AdaptedModel(family.sequential, family.exported, settings, at: mark)
        #expect(try #require(adapted.tensors).problems == [])
        #expect(!adapted.modules.contains { $0.contains("lm_head") || $0.contains("output_layer") })
        let matrices = family.exported.storedTensors.filter {
            $0.shape.count == 2 && !$0.name.contains("embed") && !$0.name.contains("wte") && !$0.name.contains("wpe")
        }.map(\.name).filter { !$0.contains("lm_head") && !$0.contains("output_layer") }
        #expect(Set(adapted.modules.map { $0 + ".weight" }) == Set(matrices))
    }

    @Test func `what an adapter asks for and is not computed is refused by name`() throws {
        let wrong = [
            ("\"use_dora\": true", "use_dora"), ("\"bias\": \"all\"", "bias"),
            ("\"rank_pattern\": {\"a\": 2}", "rank_pattern"),
            ("\"modules_to_save\": [\"lm_head\"]", "modules_to_save"),
            ("\"init_lora_weights\": \"pissa\"", "init_lora"),
            ("\"peft_type\": \"IA3\"", "peft_type"), ("\"some_new_kind\": 3", "some_new_kind"), ("\"r\": 0", "r is 0"),
        ]
        for (text, name) in wrong {
            let folder = try TemporaryFolder()
            var keys = ["\"peft_type\": \"LORA\"", "\"r\": 2", "\"lora_alpha\": 4", "\"target_modules\": [\"q_proj\"]"]
            keys.removeAll { $0.prefix { $0 != ":" } == text.prefix { $0 != ":" } }
            try folder.write("{\n\((keys + [text]).joined(separator: ",\n"))\n}", to: "adapter_config.json")
            let error = #expect(throws: ManifestError.self) { try AdapterFolder(folder.path).settings() }
            #expect(error.map { "\($0)".contains(name) } == true, "\(text): \(error as Any)")
        }
    }

    @Test func `patterns that fit no module or a part of a parameter are refused`() throws {
        let family = try FamilyModel(directory: fixture("Models/llama"))
        func message(_ body: () throws(ManifestError) -> AdaptedModel) -> String {
            do {
                _ = try body()
                return ""
            } catch {
                return "\(error)"
            }
        }
        func train(_ pattern: String) -> String {
            message { () throws(ManifestError) in
                try AdaptedModel(family.sequential, family.exported, training: pattern, at: mark)
            }
        }
        #expect(train("input_layernrom").contains("did you mean \"input_layernorm\""))
        #expect(train("q_proj").contains("one parameter here"))
        #expect(train("(").contains("expected a regular expression"))
        // What would search for years.
        #expect(train("(.+)+x").contains("a group may not be repeated"))
        #expect(train(".*.*.*.*.*.*x").contains("at most 5 repetitions"))
        #expect(train("layers\\.[01]\\..*?norm(?:\\)+|\\.weight)") == "")
        #expect(train("layers.1.*q_proj|layers.1.*k_proj|layers.1.*v_proj|norm") == "")
        var settings = AdapterSettings(rank: 2, alpha: 4, dropout: 0, isRankStabilised: false, targets: "q_porj")
        #expect(
            message { () throws(ManifestError) in
                try AdaptedModel(family.sequential, family.exported, settings, at: mark)
            }.contains("did you mean \"q_proj\""))
        settings.targets = "q_proj"
        #expect(try AdaptedModel(family.sequential, family.exported, settings, at: mark).modules.count == 2)
    }
}
