import Models
import Stages
import Tensors
import TestDevices
import Testing

/// Law 1 inside one process: however a model is cut, its losses and gradients are those of one stage, bit for bit.
@Suite struct TransparencyTests {
    @Test(arguments: TestModels.all)
    func `every list of cuts gives the gradients of one stage`(_ name: String) throws {
        let wrong = try differences(name) { model, cuts in
            try HandDrivenRun.Order.allCases.map { try HandDrivenRun(model, cuts: cuts, order: $0) }
        }
        #expect(wrong == [])
    }

    @Test(arguments: TestModels.all)
    func `halves of the backward that run apart give the same gradients`(_ name: String) throws {
        let wrong = try differences(name) { model, cuts in
            try HandDrivenRun.Order.allCases.map {
                try HandDrivenRun(model, cuts: cuts, order: $0, splitsBackward: true)
            }
        }
        #expect(wrong == [])
    }

    @Test(arguments: TestModels.all)
    func `recomputed activations give the same gradients`(_ name: String) throws {
        let wrong = try differences(name) { model, cuts in
            try [Recomputation.stage, .every(1), .every(2), .layers([1]), .layers([0, 2, 3])].map {
                try HandDrivenRun(model, cuts: cuts, recomputation: $0)
            }
                + [Recomputation.every(2), .layers([2]), .layers([1, 3])].map {
                    try HandDrivenRun(model, cuts: cuts, splitsBackward: true, recomputation: $0)
                }
        }
        #expect(wrong == [])
    }

    /// The host cannot read that device's memory, and its work goes on by itself.
    @Test(arguments: TestModels.all)
    func `a device apart from the host gives the CPU's gradients, however the model is cut`(_ name: String) throws {
        let wrong = try differences(name) { model, cuts in
            guard cuts.count == 1 || cuts.isEmpty else { return [] }
            return [
                try HandDrivenRun(model, cuts: cuts) { DetachedBackend() },
                try HandDrivenRun(model, cuts: cuts, splitsBackward: true, recomputation: .stage) { DetachedBackend() },
            ]
        }
        #expect(wrong == [])
    }

    @Test(arguments: TestModels.all)
    func `no loss and no gradient is a number that was never written`(_ name: String) throws {
        let outcome = try HandDrivenRun(try TestModels.build(name)).step()
        #expect(Double(bitPattern: outcome.lossSum).isFinite)
        #expect(outcome.gradients.values.joined().allSatisfy { Float(bitPattern: $0).isFinite })
    }

    /// The next micro-batch's values may arrive while a gradient is still on its way out of the same frame.
    @Test(arguments: TestModels.all)
    func `a gradient is never sent from where values arrive`(_ name: String) throws {
        let model = try TestModels.build(name)
        for cuts in everyCuts(of: model) {
            for stage in try HandDrivenRun(model, cuts: cuts).stages where !stage.stage.imports.isEmpty {
                let imported = Set(stage.program.values.values.map(\.offset))
                let sent = stage.program.sent.values.filter { $0.region == .frame }.map(\.offset)
                #expect(imported.isDisjoint(with: sent), "cuts \(cuts), stage \(stage.stage.index)")
            }
        }
    }

    @Test(arguments: [
        "attention inside nested residuals", "one value with five consumers", "scaled residuals",
        "one stash popped by many, among them one layer twice",
    ])
    func `gradients are the slopes of the loss`(_ name: String) throws {
        let model = try TestModels.build(name)
        let run = try HandDrivenRun(model)
        let outcome = run.step()
        let count = Double(model.targets.count * HandDrivenRun.microBatches)
        let stage = run.stages[0]
        for (local, tensors) in stage.memory.parameters.enumerated() {
            for (index, parameter) in tensors.enumerated() {
                let name = model.nodes[local].parameterNames[index]
                let gradient = try #require(outcome.gradients[name]).map { Double(Float(bitPattern: $0)) }
                for element in stride(from: 0, to: parameter.count, by: 3) {
                    let slope = slope(run, parameter, element) / count
                    #expect(abs(slope - gradient[element]) < 2e-3 * max(1, abs(slope)), "\(name)[\(element)]")
                }
            }
        }
    }

    /// Central difference of the loss's sum over all micro-batches.
    private func slope(_ run: HandDrivenRun, _ parameter: Tensor, _ element: Int) -> Double {
        let address = parameter.address.assumingMemoryBound(to: Float.self) + element
        let (old, h) = (address.pointee, Float(1.0 / 64))
        defer { address.pointee = old }
        func loss(_ value: Float) -> Double {
            address.pointee = value
            for microBatch in 0..<HandDrivenRun.microBatches { run.forward(microBatch) }
            return run.stages.last?.lossSum() ?? .nan
        }
        return (loss(old + h) - loss(old - h)) / Double(2 * h)
    }

    /// The runs, named by cuts and place in their list, whose outcome is not that of one stage.
    private func differences(
        _ name: String, _ runs: (ModelGraph, _ cuts: [Int]) throws -> [HandDrivenRun]
    ) throws -> [String] {
        let model = try TestModels.build(name)
        let expected = try HandDrivenRun(model).step()
        return try everyCuts(of: model).flatMap { cuts in
            try runs(model, cuts).enumerated().compactMap { index, run in
                let outcome = run.step()
                return outcome == expected ? nil : "run \(index), cuts \(cuts): \(outcome.difference(from: expected))"
            }
        }
    }
}

/// All 2^(entries − 1) ways to cut a short model; of a longer one those with few cuts or all.
func everyCuts(of model: ModelGraph) -> [[Int]] {
    let last = model.entries.count - 1
    let choices = (0..<1 << last).filter { last < 10 || $0.nonzeroBitCount <= 3 || $0.nonzeroBitCount >= last - 1 }
    return choices.map { bits in (1...last).filter { bits >> ($0 - 1) & 1 == 1 } }
}
