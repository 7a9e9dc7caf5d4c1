import Layers
import Models
import Optimizers
import Stages
import Tensors
import TestDevices

/// Two steps of a model whose stages are shared by several devices, put together: what every shard must have alike, and the
/// whole of what each has a part of.
struct ShardedRun: Equatable, Sendable {
    /// Whole tensors, by name; behind the second step's backward, and its update.
    var gradients: [String: [Float]] = [:]
    var parameters: [String: [Float]] = [:]
    /// Of both steps.
    var losses: [Double] = []
    /// Of the second step, by node, over all shards.
    var squares: [Double] = []
    /// Names of what shards should have alike and do not.
    var unequal: Set<String> = []

    /// What one shard has.
    private struct Part: Sendable {
        var tensors: [(name: String, slice: TensorSlice?, gradient: [Float], parameter: [Float])] = []
        var losses: [Double] = []
        var squares: [Double] = []
    }

    struct Options: Sendable {
        var cuts: [Int] = []
        var order = HandDrivenRun.Order.forwardsFirst
        var splitsBackward = false
        var recomputation = Recomputation.none
        /// The learning rate; 0: both steps have the first values.
        var rate = 1.0
        var backend: @Sendable () -> any Backend
    }

    /// - Parameter build: the model, or a shard's part of it.
    init(
        shards: Int, _ options: Options, _ build: @escaping @Sendable (TensorShard?) throws -> ModelGraph
    ) async throws {
        let parts = try await onShards(shards, on: options.backend) { group, device in
            let shard = shards > 1 ? group.shard : nil
            return try Self.run(try build(shard), shard == nil ? nil : group, options, on: device)
        }
        losses = parts[0].losses
        squares = parts[0].squares.indices.map { node in parts.reduce(0) { $0 + $1.squares[node] } }
        if parts.contains(where: { $0.losses != losses }) { unequal.insert("losses") }
        for index in parts[0].tensors.indices {
            let all = parts.map { $0.tensors[index] }
            gradients[all[0].name] = join(all[0].name, all.map(\.slice), all.map(\.gradient))
            parameters[all[0].name] = join(all[0].name, all.map(\.slice), all.map(\.parameter))
        }
    }

    private static func run(
        _ model: ModelGraph, _ group: (any TensorGroup)?, _ options: Options, on device: any Backend
    ) throws -> Part {
        let run = try HandDrivenRun(
            model, cuts: options.cuts, order: options.order, splitsBackward: options.splitsBackward,
            recomputation: options.recomputation, group: group, backend: { device })
        var states = try run.stages.map { try StageParameters($0, optimizer: try SGD(learningRate: 1)) }
        var part = Part()
        for _ in 0..<2 {
            _ = run.step()
            part.losses.append(run.stages.last?.lossSum() ?? .nan)
            part.squares = run.stages.flatMap { $0.gradientSquares() }
            for stage in states.indices { states[stage].update(learningRate: options.rate, gradientScale: 1) }
        }
        for stage in run.stages {
            for (local, node) in model.nodes[stage.stage.nodes].enumerated() {
                for (index, parameter) in node.layer.parameters.enumerated() {
                    let gradient = stage.memory.gradients[local][index].floats(on: device)
                    let master = stage.memory.masters[local][index].floats(on: device)
                    part.tensors.append((node.parameterNames[index], parameter.slice, gradient, master))
                }
            }
        }
        return part
    }

    private mutating func join(_ name: String, _ slices: [TensorSlice?], _ parts: [[Float]]) -> [Float] {
        guard let whole = slices[0]?.whole, !parts[0].isEmpty else {
            if parts.contains(where: { $0.map(\.bitPattern) != parts[0].map(\.bitPattern) }) { unequal.insert(name) }
            return parts[0]
        }
        var values = [Float](repeating: .nan, count: whole.count)
        values.withUnsafeMutableBytes { whole in
            for (slice, part) in zip(slices, parts) { part.withUnsafeBytes { slice?.scatter($0, into: whole) } }
        }
        return values
    }

    /// By name: the largest difference over the largest magnitude of what is expected.
    func differences(from expected: ShardedRun) -> [String: Double] {
        var found: [String: Double] = [:]
        func compare(_ name: String, _ values: [Float], _ wanted: [Float]) {
            let largest = wanted.reduce(0) { max($0, Double($1.magnitude)) }
            let difference = zip(values, wanted).reduce(0) { max($0, Double(($1.0 - $1.1).magnitude)) }
            let isWhole = values.count == wanted.count && values.allSatisfy(\.isFinite)
            found[name] = isWhole ? difference / max(largest, 1e-3) : .infinity
        }
        for (name, wanted) in expected.gradients { compare("gradient of \(name)", gradients[name] ?? [], wanted) }
        for (name, wanted) in expected.parameters { compare(name, parameters[name] ?? [], wanted) }
        compare("losses", losses.map { Float($0) }, expected.losses.map { Float($0) })
        compare("squares", squares.map { Float($0) }, expected.squares.map { Float($0) })
        return found
    }
}
