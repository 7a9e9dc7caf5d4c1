import Families
import Manifests
import Models
import Notation
import Optimizers
import Planning
import Runs
import Scheduling
import TestPlans
import Testing

/// `train`, `lora` and `groups`: what a plan makes of them.
@Suite struct PartialTrainingTests {
    @Test func `frozen parameters take neither gradients nor optimizer state`() throws {
        let plan = try Plans.make(devices: "[cpu:0]", more: "train: \"^3\\\\.\"")
        let (all, head) = (plan.model.parameterCount, 8 * 256)
        #expect(plan.trainedText == "2,048 of \(all.formatted) parameters are trained")
        #expect(plan.memory(ofStage: 0).state == 4 * (all + 3 * head))
        #expect(try PlanReport(plan).text().contains("2,048 of \(all.formatted) parameters are trained"))
        let whole = try Plans.make(devices: "[cpu:0]")
        #expect(whole.trainedText == nil)
        #expect(plan.memory(ofStage: 0).activations < whole.memory(ofStage: 0).activations)
        #expect(plan.flopsPerStep < whole.flopsPerStep)
    }

    @Test func `nothing goes back to stages before the first trained parameter`() throws {
        let plan = try Plans.make(more: "train: \"^3\\\\.\"\npartition: {cuts: [2]}")
        #expect(plan.edges.map(\.carriesGradient) == [false, false])
        #expect(plan.lowered.ranks[1].sends.isEmpty)
        let whole = try Plans.make(more: "partition: {cuts: [2]}")
        #expect(whole.edges.map(\.carriesGradient) == [true, false])
    }

    @Test func `adapters are counted beside the model, which stays frozen`() throws {
        let plan = try Plans.make(devices: "[cpu:0]", more: "lora: {rank: 2, targets: \"attention.(q|v)$\"}")
        // q and v of two blocks: A [2, 8] and B [8, 2].
        let adapters = 2 * 2 * (16 + 16)
        #expect(plan.model.trainedCount == adapters)
        #expect(plan.memory(ofStage: 0).state == 4 * (plan.model.parameterCount + 4 * adapters))
        #expect(
            plan.model.storedParameters.map(\.name).filter { $0.contains("lora_A") } == [
                "1.attention.q.lora_A.weight", "1.attention.v.lora_A.weight", "2.attention.q.lora_A.weight",
                "2.attention.v.lora_A.weight",
            ])
        let usual = try Plans.make(devices: "[cpu:0]", more: "lora: {}")
        #expect(usual.adapted?.modules.count == 12)
        #expect(usual.adapted?.modules.contains("3") == false)
    }

    @Test func `the first group whose pattern is found decides`() throws {
        let plan = try Plans.make(
            devices: "[cpu:0]",
            more: """
                optimizer: {adamw: {lr: 1e-2}}
                groups: [{match: norm|bias, weight_decay: 0}, {match: "^[12]\\\\.", lr: 1e-3}, {match: bias|token, lr_factor: 2}]
                """)
        #expect(plan.rules["1.norm1.weight"]?.rateFactor == 1)
        #expect(plan.rules["1.mlp.up.bias"]?.optimizer.yaml.contains("weight_decay: 0.0") == true)
        #expect(plan.rules["2.mlp.up.weight"].map { abs($0.rateFactor - 0.1) < 1e-12 } == true)
        #expect(plan.rules["2.mlp.up.weight"]?.optimizer.yaml.contains("weight_decay: 0.01") == true)
        #expect(plan.rules["0.token.weight"]?.rateFactor == 2)
        #expect(plan.rules["3.weight"] == nil)
    }

    @Test func `mistakes are told with their place, before any work`() throws {
        let mistakes = [
            ("train: \"mpl\"", "did you mean \"mlp\""), ("lora: {targets: \"atention\"}", "did you mean"),
            ("train: weight\nlora: {}", "train beside lora"), ("lora: {rank: 0}", "lora.rank is 0"),
            ("lora: {alpha: -1}", "lora.alpha is -1"), ("lora: {dropout: 1}", "lora.dropout is 1"),
            ("lora: {rnak: 4}", "did you mean \"rank\""), ("lora: {from: nowhere}", "adapter_config.json"),
            ("train: \"(\"", "expected a regular expression"), ("groups: [{match: weight}]", "changes nothing"),
            ("groups: [{match: weight, lr: 1, lr_factor: 2}]", "one of the two"),
            ("groups: [{match: nothing, lr: 1}]", "is in no name"), ("groups: [{match: a, lr: 0}]", "above 0"),
            ("groups: [{match: weight, lr: 1}, {match: norm1.weight, lr: 1}]", "earlier groups"),
            ("train: \"^0\"\ngroups: [{match: \"^3\", lr: 1}]", "is in no name"),
        ]
        for (text, expected) in mistakes {
            let found = message { try Plans.make(devices: "[cpu:0]", more: text) }
            #expect(found.contains("p/tiny.yaml:") || found.contains("adapter_config"), "\(text): \(found)")
            #expect(found.contains(expected), "\(text): \(found)")
        }
    }

    @Test func `a resolved manifest says all that was filled in`() throws {
        let manifest = try Plans.manifest(
            more: "lora: {rank: 4, targets: q|v}\ngroups: [{match: lora_B, lr_factor: 16, weight_decay: 0}]")
        let yaml = manifest.resolvedYAML()
        #expect(yaml.contains("lora: {rank: 4, alpha: 8.0, dropout: 0.0, rslora: false, targets: \"q|v\", from: null}"))
        let again = try PipelineManifest.decode(yaml: yaml, file: "q.yaml")
        #expect(again.lora == manifest.lora && again.groups == manifest.groups)
        #expect(again.resolvedYAML() == yaml)
    }
}

extension Int {
    /// With commas between thousands.
    fileprivate var formatted: String { "\(self / 1000)," + String(String(1000 + self % 1000).dropFirst()) }
}
