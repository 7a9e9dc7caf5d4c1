import CPUDevices
import Checkpoints
import Layers
import Models
import Optimizers
import Stages
import Tensors
import TestDevices
import Testing

/// What shards keep and are given: parts of the model's own tensors, under their names.
@Suite struct ShardStateTests {
    private static let cpu: @Sendable () -> any Backend = { CPUBackend(device: "cpu:0", threads: 1) }

    /// A tensor of a shard's state.
    private struct Kept: Sendable {
        var slice: TensorSlice?
        var isKept: Bool
        var bytes: [UInt8]
    }

    /// A stage's state as it begins, or behind a step.
    private static func state(
        _ example: ShardTests.Example, _ group: ThreadShard, on device: any Backend, steps: Int,
        from bytes: [String: [UInt8]]? = nil
    ) throws -> [String: Kept] {
        let shard = group.shard.count > 1 ? group.shard : nil
        let run = try HandDrivenRun(
            example.build(shard), group: shard == nil ? nil : group, backend: { device })
        var parameters = try StageParameters(run.stages[0], optimizer: AdamW())
        if let bytes { try parameters.state.restore(bytes) }
        for _ in 0..<steps {
            _ = run.step()
            parameters.update(learningRate: 0.1, gradientScale: 1)
        }
        let state = parameters.state
        let copy = state.copy()
        return Dictionary(
            uniqueKeysWithValues: state.tensors.map {
                ($0.name, Kept(slice: $0.slice, isKept: $0.isKept, bytes: copy[$0.name] ?? []))
            })
    }

    /// Whole tensors from all shards' parts; what no shard keeps, or two do, is missing.
    private static func whole(_ parts: [[String: Kept]]) -> [String: [UInt8]] {
        var whole: [String: [UInt8]] = [:]
        for (name, first) in parts[0] {
            let kept = parts.compactMap { $0[name] }.filter(\.isKept)
            guard let slice = first.slice else {
                if kept.count == 1 { whole[name] = kept[0].bytes }
                continue
            }
            guard kept.count == parts.count else { continue }
            var bytes = [UInt8](repeating: 0xff, count: 4 * slice.whole.count)
            bytes.withUnsafeMutableBytes { whole in
                for part in kept { part.bytes.withUnsafeBytes { part.slice?.scatter($0, into: whole) } }
            }
            whole[name] = bytes
        }
        return whole
    }

    @Test(arguments: ShardTests.examples)
    func `first values of all shards are together those of the whole model, to the bit`(
        _ example: ShardTests.Example
    ) async throws {
        let one = try await onShards(1, on: Self.cpu) { try Self.state(example, $0, on: $1, steps: 0) }
        let four = try await onShards(4, on: Self.cpu) { try Self.state(example, $0, on: $1, steps: 0) }
        #expect(Self.whole(four) == one[0].mapValues(\.bytes))
    }

    @Test(arguments: ShardTests.examples)
    func `a state of two shards goes on with one device, and with four`(_ example: ShardTests.Example) async throws {
        let two = try await onShards(2, on: Self.cpu) { try Self.state(example, $0, on: $1, steps: 2) }
        let kept = Self.whole(two)
        #expect(kept.count == two[0].count)
        for count in [1, 4] {
            let restored = try await onShards(count, on: Self.cpu) {
                try Self.state(example, $0, on: $1, steps: 0, from: kept)
            }
            #expect(Self.whole(restored) == kept)
        }
    }

    @Test(arguments: ShardTests.examples)
    func `each shard has a part of every large parameter`(_ example: ShardTests.Example) throws {
        let whole = try example.build(nil)
        let parts = try (0..<2).map { try example.build(TensorShard(index: $0, count: 2)) }
        #expect(parts.allSatisfy { $0.nodes.map(\.parameterNames) == whole.nodes.map(\.parameterNames) })
        #expect(parts.allSatisfy { $0.entries.map(\.nodes) == whole.entries.map(\.nodes) })
        #expect(parts.allSatisfy { $0.vocabulary == whole.vocabulary && $0.targets == whole.targets })
        for part in parts { #expect(part.parameterCount < whole.parameterCount * 3 / 4) }
        let halves = parts.map { $0.flopsPerMicroBatch }
        #expect(halves.allSatisfy { $0 < 0.75 * whole.flopsPerMicroBatch })
    }
}
