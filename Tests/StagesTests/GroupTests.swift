import CPUDevices
import Models
import Optimizers
import Stages
import Tensors
import Testing

/// Parameters with a rate or a weight decay of their own.
@Suite struct GroupTests {
    /// The parameters after one step, by name.
    private func moved(
        _ rate: Double, decay: Double = 0.5, _ rules: (SGD) -> [String: ParameterRule] = { _ in [:] }
    ) throws -> [String: [Float]] {
        let model = try TestModels.build("plain")
        let run = try HandDrivenRun(model)
        _ = run.step()
        let stage = run.stages[0]
        let rule = try SGD(learningRate: rate, weightDecay: decay)
        var parameters = try StageParameters(stage, optimizer: rule, rules: rules(rule))
        parameters.update(learningRate: rate, gradientScale: 1)
        let names = model.nodes.flatMap(\.parameterNames)
        let tensors = stage.memory.masters.flatMap { $0 }
        return Dictionary(uniqueKeysWithValues: zip(names, tensors).map { ($0, $1.floats(on: stage.backend)) })
    }

    @Test func `a group moves as if its rate and decay were everybody's, and the others as before`() throws {
        let usual = try moved(0.25)
        let grouped = try moved(0.25) { rule in
            [
                "1.weight": ParameterRule(rule, rateFactor: 2),
                "1.bias": ParameterRule(rule.decaying(by: 0) ?? rule, rateFactor: 1),
            ]
        }
        #expect(try grouped["1.weight"] == moved(0.5)["1.weight"] && grouped["1.weight"] != usual["1.weight"])
        #expect(try grouped["1.bias"] == moved(0.25, decay: 0)["1.bias"] && grouped["1.bias"] != usual["1.bias"])
        for (name, values) in usual where !name.hasPrefix("1.") { #expect(grouped[name] == values) }
    }
}
