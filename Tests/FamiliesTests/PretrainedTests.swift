import CPUDevices
import Checkpoints
import Families
import Foundation
import Layers
import Models
import Stages
import Tensors
import Testing

/// `make_models.py` says what transformers and the published ChatGLM compute with the tiny models beside it.
@Suite struct PretrainedTests {
    private struct Expected: Decodable {
        let ids: [[Int32]]
        let loss: Double
        /// Of the last four positions.
        let logits: [[[Float]]]
        /// By the family's names: the sum, and the sum of magnitudes.
        let gradients: [String: [Double]]
    }

    static let names = [
        "gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma3", "glm", "glm4", "chatglm", "chatglm2", "chatglm3",
    ]

    @Test(arguments: names) func `logits, loss and gradients are those of the family's own code`(
        _ name: String
    ) throws {
        let path = fixture("Models/\(name)")
        let data = try Data(contentsOf: URL(fileURLWithPath: path + "/expected.json"))
        let expected = try JSONDecoder().decode(Expected.self, from: data)
        let family = try FamilyModel(directory: path)
        let run = try PretrainedRun(family, PretrainedWeights(path: path).mapped(by: family.tensors), expected.ids)

        let logits = run.logits()
        for (row, positions) in expected.logits.enumerated() {
            for (offset, wanted) in positions.enumerated() {
                let position = expected.ids[row].count - positions.count + offset
                for (found, wanted) in zip(logits[row][position], wanted) { #expect(abs(found - wanted) < 2e-5) }
            }
        }
        let (loss, gradients) = run.trained(count: expected.ids.reduce(0) { $0 + $1.count - 1 })
        #expect(abs(loss / expected.loss - 1) < 1e-6)
        #expect(Set(gradients.keys) == Set(expected.gradients.keys))
        for (name, wanted) in expected.gradients {
            let found = try #require(gradients[name])
            #expect(abs(found[0] - wanted[0]) <= 2e-5 * wanted[1], "\(name)")
            #expect(abs(found[1] - wanted[1]) <= 2e-5 * wanted[1], "\(name)")
        }
    }
}

/// A pretrained model on one stage, and one micro-batch.
struct PretrainedRun {
    private let family: FamilyModel
    private let model: ModelGraph
    private let stage: StageExecutor
    private let backend = CPUBackend(device: "cpu:0", threads: 1)
    private let ids: [[Int32]]

    /// - Parameter adapters: beside the model, with their values.
    init(
        _ family: FamilyModel, _ weights: MappedWeights, _ ids: [[Int32]],
        adapters: (model: AdaptedModel, weights: MappedWeights)? = nil, group: (any TensorGroup)? = nil
    ) throws {
        self.family = family
        self.ids = ids
        model = try ModelGraph(
            family.sequential, input: TensorSpec([ids.count, ids[0].count], .i32),
            adaptation: adapters?.model.adaptation ?? .none, shard: group?.shard)
        stage = try StageExecutor(
            model: model, layout: PipelineLayout(model, cuts: []), stage: 0, slots: 1, microBatches: 1,
            micro: ids.count, seed: 1, splitsBackward: false, group: group, on: backend)
        try stage.loadParameters(weights, adapters: adapters?.weights)
        stage.memory.zeroGradients(on: backend)
        guard let input = stage.program.values[model.input] else { preconditionFailure("a model has an input") }
        upload(ids.flatMap(\.self), to: stage.tensor(input, 0))
    }

    /// By sample and position.
    func logits() -> [[[Float]]] {
        stage.predict(step: 0, microBatch: 0, slot: 0)
        guard let place = stage.program.values[model.prediction] else { preconditionFailure("a model has an output") }
        let values = floats(stage.tensor(place, 0))
        let (sequence, width) = (ids[0].count, model.values[model.prediction].spec.shape.width)
        return ids.indices.map { sample in
            (0..<sequence).map {
                Array(values[(sample * sequence + $0) * width..<(sample * sequence + $0 + 1) * width])
            }
        }
    }

    /// The mean loss of predicting the next token, and of each tensor of the files the sum of its gradient and of that's
    /// magnitudes.
    func trained(count: Int, tensors: Bool = true) -> (loss: Double, gradients: [String: [Double]]) {
        let message = stage.targets[0]
        upload(ids.flatMap { Array($0.dropFirst()) + [-100] }, to: message.targets)
        withUnsafeBytes(of: Int64(count)) { backend.upload($0, to: message.normaliser) }
        stage.forward(step: 0, microBatch: 0, slot: 0)
        stage.backward(slot: 0)
        guard tensors, model.adapterParameters.isEmpty else { return ((stage.lossSum() ?? .nan) / Double(count), [:]) }
        return ((stage.lossSum() ?? .nan) / Double(count), sums(ofTensors: gradients))
    }

    /// By parameter; those that are one tensor in the files have the sum of their gradients.
    private var gradients: [[Float]] {
        let all = model.nodes.indices.flatMap { node in
            model.nodes[node].layer.parameters.indices.map { floats(stage.gradient(ofNode: node, parameter: $0)) }
        }
        let parameters = family.tensors.parameters
        return parameters.map { parameter in
            let same = parameters.indices.filter { parameters[$0].parts == parameter.parts }.map { all[$0] }
            return same.dropFirst().reduce(same[0]) { sum, next in zip(sum, next).map(+) }
        }
    }

    /// By parameter: its name, which part of it a shard has, and that part's gradient.
    var parts: [(name: String, slice: TensorSlice?, gradient: [Float])] {
        model.nodes.indices.flatMap { index in
            let node = model.nodes[index]
            return zip(node.parameterNames, node.layer.parameters).enumerated().map { parameter, named in
                (named.0, named.1.slice, floats(stage.gradient(ofNode: index, parameter: parameter)))
            }
        }
    }

    private func sums(ofTensors gradients: [[Float]]) -> [String: [Double]] {
        var sums: [String: [Double]] = [:]
        for tensor in family.tensors.storedTensors {
            var sum = [0.0, 0.0]
            for piece in tensor.pieces {
                let parameter = gradients[piece.parameter]
                let length = parameter.count / family.tensors.parameters[piece.parameter].shape[0]
                let rows = piece.firstRow..<piece.firstRow + piece.part.count
                for value in parameter[rows.lowerBound * length..<rows.upperBound * length] {
                    sum[0] += Double(value)
                    sum[1] += Double(abs(value))
                }
            }
            sums[tensor.name] = sum
        }
        return sums
    }

    /// Of each tensor of an adapter's file the sum of its gradient and of that's magnitudes.
    func sums(ofAdapters map: TensorMap) -> [String: [Double]] {
        var sums: [String: [Double]] = [:]
        for (index, node) in model.nodes.enumerated() {
            for (parameter, name) in node.parameterNames.enumerated() {
                guard model.isAdapter(Tie.Member(node: index, parameter: parameter)) else { continue }
                guard let stored = map.parameters.first(where: { $0.name == name }) else { continue }
                let values = floats(stage.gradient(ofNode: index, parameter: parameter))
                let width = values.count / max(stored.shape[0], 1)
                var row = 0
                for part in stored.parts {
                    let own = values[row * width..<(row + part.count) * width].map(Double.init)
                    row += part.count
                    let old = sums[part.tensor] ?? [0, 0]
                    sums[part.tensor] = [old[0] + own.reduce(0, +), old[1] + own.reduce(0) { $0 + $1.magnitude }]
                }
            }
        }
        return sums
    }

    private func upload(_ values: [Int32], to tensor: Tensor) {
        values.withUnsafeBytes { backend.upload($0, to: tensor) }
    }

    private func floats(_ tensor: Tensor) -> [Float] {
        var values = [Float](repeating: 0, count: tensor.count)
        values.withUnsafeMutableBytes { backend.download(tensor, to: $0) }
        return values
    }
}
