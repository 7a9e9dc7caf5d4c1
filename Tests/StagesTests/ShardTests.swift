import CPUDevices
import Layers
import Models
import Stages
import Tensors
import TestDevices
import Testing

/// Several devices that share a stage's layers compute what one does.
@Suite struct ShardTests {
    /// Models that are split in every way there is; tokens are below 7, which neither 2 nor 4 divides.
    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let layers: String
        var ties: String?
        var adaptation = Adaptation.none

        func build(_ shard: TensorShard?, dtype: DType = .f32) throws -> ModelGraph {
            try TestModels.build(
                "[\(layers)]", loss: "cross-entropy", input: TensorSpec([2, 24], .i32), adaptation, ties: ties,
                dtype: dtype, shard: shard)
        }
    }

    static let examples: [Example] = [
        Example(
            testDescription: "transformers with dropout",
            layers: """
                {embedding: {vocab: 7, width: 16, positions: 24}}, {transformer: {width: 16, heads: 4, dropout: 0.2}},
                {transformer: {width: 16, heads: 8, hidden: 30, norm: rms-norm, activation: silu}},
                {layer-norm: {width: 16}}, {linear: {in: 16, out: 7}}
                """),
        Example(
            testDescription: "grouped queries, gated MLPs, a tied head with a bound",
            layers: """
                {embedding: {vocab: 7, width: 12, scale: 3.5, padding: 4}},
                {residual: [{rms-norm: {width: 12}}, {attention: {width: 12, head_width: 6, heads: 8, key_heads: 4,
                bias: qkv, rotary: {}, head_norm: {}}}]},
                {residual: [{rms-norm: {width: 12}}, {gated-mlp: {width: 12, hidden: 22, bias: true}}]},
                {residual: [{attention: {width: 12, heads: 4, window: 9}}]},
                {rms-norm: {width: 12}}, {linear: {in: 12, out: 7, bias: false}}, {softcap: {cap: 3}}
                """, ties: "[[0.token.weight, 5.weight]]"),
        Example(
            testDescription: "linear layers in pairs, with dropout between",
            layers: """
                {embedding: {vocab: 7, width: 8, positions: 24}}, {dropout: 0.1},
                {residual: [{layer-norm: {width: 8}}, {linear: {in: 8, out: 22}}, {gelu: tanh}, {dropout: 0.3},
                {linear: {in: 22, out: 8}}, {dropout: 0.2}]}, {linear: {in: 8, out: 9}}, relu, {linear: {in: 9, out: 8}},
                {linear: {in: 8, out: 8}}, {layer-norm: {width: 8}}, {linear: {in: 8, out: 7}}
                """),
        Example(
            testDescription: "prefix positions and scaled residuals",
            layers: """
                {stash: ids}, {prefix-positions: {start: 3, marks: [4, 5]}}, {stash: positions}, {pop: ids}, {select: 1},
                {embedding: {vocab: 7, width: 16}}, {layer-norm: {width: 16}}, {residual: {scale: 2.5, layers:
                [{pop: positions}, {attention: {width: 16, heads: 4, rotary: {planes: 2, rounded: true}}}]}},
                {linear: {in: 16, out: 7}}
                """),
        Example(
            testDescription: "adapters beside all products",
            layers: """
                {embedding: {vocab: 7, width: 16}}, {transformer: {width: 16, heads: 4, dropout: 0.1}},
                {residual: [{attention: {width: 16, heads: 4, key_heads: 4}}]},
                {residual: [{gated-mlp: {width: 16, hidden: 22}}]},
                {residual: [{linear: {in: 16, out: 20}}, silu, {linear: {in: 20, out: 16}}]},
                {linear: {in: 16, out: 7}}
                """,
            adaptation: Adaptation(
                adapters: [
                    "1": [
                        Adapter("attention.qkv", product: 0, rows: 0..<48, rank: 2, scale: 2, dropout: 0.1),
                        Adapter("attention.out", product: 1, rows: 0..<16, rank: 2, scale: 2, dropout: 0.2),
                        Adapter("mlp.up", product: 2, rows: 0..<64, rank: 3, scale: 2),
                        Adapter("mlp.down", product: 3, rows: 0..<16, rank: 2, scale: 2, dropout: 0.2),
                    ],
                    "2.0": [
                        Adapter("q", product: 0, rows: 0..<16, rank: 2, scale: 2),
                        Adapter("v", product: 0, rows: 32..<48, rank: 2, scale: 2, dropout: 0.2),
                        Adapter("out", product: 1, rows: 0..<16, rank: 2, scale: 2),
                    ],
                    "3.0": [
                        Adapter("gate", product: 0, rows: 0..<22, rank: 2, scale: 2, dropout: 0.1),
                        Adapter("up", product: 1, rows: 0..<22, rank: 2, scale: 2),
                        Adapter("down", product: 2, rows: 0..<16, rank: 2, scale: 2, dropout: 0.1),
                    ],
                    "4.0": [Adapter("", product: 0, rows: 0..<20, rank: 2, scale: 2, dropout: 0.1)],
                    "4.2": [Adapter("", product: 0, rows: 0..<16, rank: 2, scale: 2, dropout: 0.1)],
                ], trained: [])),
    ]

    private static let cpu: @Sendable () -> any Backend = { CPUBackend(device: "cpu:0", threads: 1) }

    @Test(arguments: examples, [2, 4])
    func `two and four devices that share a stage compute what one does`(_ example: Example, _ count: Int) async throws
    {
        let options = ShardedRun.Options(backend: Self.cpu)
        let whole = try await ShardedRun(shards: 1, options) { try example.build($0) }
        let split = try await ShardedRun(shards: count, options) { try example.build($0) }
        #expect(split.unequal == [])
        let differences = split.differences(from: whole).filter { $0.value > 1e-5 }
        #expect(differences == [:])
        #expect(whole.gradients.values.joined().contains { $0 != 0 })
        let again = try await ShardedRun(shards: count, options) { try example.build($0) }
        #expect(again == split)
    }

    @Test(arguments: examples)
    func `cuts, halves apart, recomputation and devices apart from the host change no bit of a shard's`(
        _ example: Example
    ) async throws {
        // Here nobody adds the gradients of tied parameters that live on several stages.
        let cuts = example.ties == nil ? [1, try example.build(nil).entries.count - 1] : []
        let expected = try await ShardedRun(shards: 2, .init(backend: Self.cpu)) { try example.build($0) }
        let others: [ShardedRun.Options] = [
            .init(cuts: cuts, splitsBackward: true, backend: Self.cpu),
            .init(order: .oneByOne, recomputation: .stage, backend: Self.cpu),
            .init(cuts: cuts, splitsBackward: true, recomputation: .every(1), backend: Self.cpu),
            .init(cuts: cuts, backend: { DetachedBackend() }),
        ]
        for (index, options) in others.enumerated() {
            let found = try await ShardedRun(shards: 2, options) { try example.build($0) }
            #expect(found.unequal == [])
            #expect(found.differences(from: expected).filter { $0.value > 0 } == [:], "run \(index)")
        }
    }

    /// A shard's product is rounded to 16 bits before it is summed in f32: that adds little to the rounding of all else.
    @Test(arguments: examples, [DType.bf16, .f16])
    func `with 16-bit activations shards are nearly as exact as one device`(_ example: Example, _ dtype: DType)
        async throws
    {
        let options = ShardedRun.Options(rate: 0, backend: Self.cpu)
        let exact = try await ShardedRun(shards: 1, options) { try example.build($0) }
        let whole = try await ShardedRun(shards: 1, options) { try example.build($0, dtype: dtype) }
        let split = try await ShardedRun(shards: 2, options) { try example.build($0, dtype: dtype) }
        #expect(split.unequal == [])
        func error(_ run: ShardedRun) -> Double {
            let all = run.differences(from: exact).filter { $0.key.hasPrefix("gradient") }.values
            return (all.reduce(0) { $0 + $1 * $1 } / Double(all.count)).squareRoot()
        }
        #expect(error(split) < 1.5 * error(whole) + 1e-4)
    }

    @Test(arguments: examples)
    func `what shards sum is what their program says`(_ example: Example) async throws {
        for (splits, recomputation) in [(false, Recomputation.none), (true, .none), (true, .every(1))] {
            let sums = try await onShards(2, on: Self.cpu) { group, device in
                let model = try example.build(group.shard)
                let run = try HandDrivenRun(
                    model, order: .oneByOne, splitsBackward: splits, recomputation: recomputation, group: group,
                    backend: { device })
                _ = run.step()
                let program = run.stages[0].program.sums
                let planned = (program.forward + program.backward + program.weight).map(\.byteCount)
                return (planned, group.sums)
            }
            for (planned, made) in sums {
                // The head may compute few rows of the first micro-batch and none of the second; of the third all.
                #expect(Array(made.suffix(planned.count)) == planned)
                #expect(zip(made, planned).allSatisfy { $0 <= $1 })
            }
        }
    }
}
