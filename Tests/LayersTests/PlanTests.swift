import Layers
import Tensors
import Testing

/// What a layer says before anything runs.
struct PlanTests {
    private func failure(_ layer: any Layer, _ inputs: Signature) -> LayerError? {
        do throws(LayerError) {
            _ = try layer.plan(for: inputs)
            return nil
        } catch { return error }
    }

    private static let wide: Signature = [TensorSpec([2, 256, 192])]
    private static let huge = Int(Int32.max)

    private static let refusals: [(any Layer, Signature, String, String)] = [
        (Linear(inputs: 512, outputs: 8), wide, "width 512", "[2 × 256 × 192]"),
        (Linear(inputs: 2, outputs: 8), [TensorSpec([2])], "[batch × … × 2]", "[2]"),
        (Linear(inputs: 2, outputs: 8), [], "one tensor", "nothing"),
        (Linear(inputs: 2, outputs: 8), [TensorSpec([3, 2], .i32)], "floating-point numbers", "i32[3 × 2]"),
        (LayerNorm(width: 512), wide, "width 512", "[2 × 256 × 192]"),
        (RMSNorm(width: 512), wide + wide, "one tensor", "a tuple of 2 tensors: [2 × 256 × 192], [2 × 256 × 192]"),
        (ReLU(), [TensorSpec([])], "a tensor with a batch axis", "a scalar"),
        (Softcap(0), wide, "cap: a number from 1e-6 to 65504", "0.0"),
        (Softcap(30), [TensorSpec([3, 2], .i32)], "floating-point numbers", "i32[3 × 2]"),
        (ScaledAdd(scale: 65505), wide + wide, "scale: a number from 1e-6 to 65504", "65505.0"),
        (
            ScaledAdd(scale: 2), wide + [TensorSpec([2, 4])], "two tensors of one shape",
            "a tuple of 2 tensors: [2 × 256 × 192], [2 × 4]"
        ),
        (
            Embedding(vocab: 9, width: 8, scale: .infinity), [TensorSpec([2, 256], .i32)],
            "scale: a number from 1e-6 to 65504", "inf"
        ),
        (
            Embedding(vocab: 9, width: 8, positions: 128), [TensorSpec([2, 256], .i32)],
            "a sequence of at most 128 positions", "i32[2 × 256]"
        ),
        (Embedding(vocab: 9, width: 8), wide, "token ids i32[batch × sequence]", "f32[2 × 256 × 192]"),
        (
            Attention(width: 192, heads: 5), wide, "heads: a divisor of the width",
            "5, and the width 192 is no multiple of it"
        ),
        (Attention(width: 192, heads: 0), wide, "heads: a whole number of at least 1", "0"),
        (Attention(width: 8, heads: 2), [TensorSpec([2, 8])], "[batch × sequence × 8]", "[2 × 8]"),
        (
            Attention(width: 192, heads: 4, keyHeads: 3), wide, "key_heads: a divisor of heads",
            "3, and the number of heads, 4, is no multiple of it"
        ),
        (Attention(width: 192, heads: 4, keyHeads: 0), wide, "key_heads: a whole number of at least 1", "0"),
        (Attention(width: 192, heads: 4, headWidth: -2), wide, "head_width: a whole number of at least 1", "-2"),
        (
            Attention(width: 192, heads: 64, rotary: Rotary()), wide, "rotary: a multiple of 2",
            "{base: 10000.0, pairs: halves, planes: 1, rounded: false}, and 3 numbers are no pairs for each position"
        ),
        (
            Attention(width: 192, heads: 4, rotary: Rotary(base: 1)), wide, "rotary: a number above 1",
            "{base: 1.0, pairs: halves, planes: 1, rounded: false}, and its base is 1.0"
        ),
        (
            Attention(width: 192, heads: 4, headNorm: HeadNorm(epsilon: 0)), wide,
            "head_norm: a number above 0 and at most 1", "{epsilon: 0.0, unit_offset: false}, and its epsilon is 0.0"
        ),
        (
            Attention(width: 192, heads: 4, causal: false, window: 8), wide, "window: causal: true, or no window",
            "8, and later positions are not hidden"
        ),
        (Attention(width: 192, heads: 4, scale: .nan), wide, "scale: a number above 0", "nan"),
        (
            Attention(width: 192, heads: 4, rotary: Rotary(planes: 2)), wide, "(x, positions): rotary has planes: 2",
            "[2 × 256 × 192]"
        ),
        (
            Attention(width: 192, heads: 4), wide + [TensorSpec([2, 512], .i32)], "([2 × 256 × 192], i32[2 × 513])",
            "a tuple of 2 tensors: [2 × 256 × 192], i32[2 × 512]"
        ),
        (
            Attention(width: 192, heads: 4, window: 8), wide + [TensorSpec([2, 513], .i32)],
            "x alone, where attention is not causal or has a window",
            "a tuple of 2 tensors: [2 × 256 × 192], i32[2 × 513]"
        ),
        (PrefixPositions(start: 4, marks: [1]), wide, "token ids i32[batch × sequence]", "f32[2 × 256 × 192]"),
        (
            PrefixPositions(start: 4, marks: []), [TensorSpec([2, 9], .i32)],
            "marks: a list of one to 8 token ids", "[]"
        ),
        (Transformer(width: 512, heads: 8), wide, "width 512", "[2 × 256 × 192]"),
        (
            Transformer(width: 192, heads: 7), wide, "heads: a divisor of the width",
            "7, and the width 192 is no multiple of it"
        ),
        (Transformer(width: 192, heads: 8, dropout: 1), wide, "dropout: a number from 0 to below 1", "1.0"),
        (Dropout(probability: -0.5), wide, "dropout: a number from 0 to below 1", "-0.5"),
        (Dropout(probability: .nan), wide, "dropout: a number from 0 to below 1", "nan"),
        (Dropout(probability: 1 - 1e-12), wide, "dropout: a number from 0 to below 1", "0.999999999999"),
        (LayerNorm(width: 192, epsilon: -1), wide, "epsilon: a number above 0 and at most 1", "-1.0"),
        (RMSNorm(width: 192, epsilon: .nan), wide, "epsilon: a number above 0 and at most 1", "nan"),
        (Transformer(width: 192, heads: 8, epsilon: .infinity), wide, "epsilon: a number above 0 and at most 1", "inf"),
        (Split(parts: 5), wide, "a width that 5 parts divide", "[2 × 256 × 192]"),
        (Split(widths: [64, 64]), wide, "a width of 64 + 64", "[2 × 256 × 192]"),
        (Split(widths: [200, -8]), wide, "extents of at least 1", "[2 × 256 × -8]"),
        (Add(), wide, "a tuple of at least 2 tensors", "[2 × 256 × 192]"),
        (
            Add(), wide + [TensorSpec([2, 192])], "tensors of one shape",
            "a tuple of 2 tensors: [2 × 256 × 192], [2 × 192]"
        ),
        (
            Concatenate(), wide + [TensorSpec([2, 192])], "tensors that differ in their innermost extent only",
            "a tuple of 2 tensors: [2 × 256 × 192], [2 × 192]"
        ),
        (Reshape([8, 64]), wide, "512 elements per sample for [2 × 8 × 64]", "[2 × 256 × 192]"),
        (Reshape([0, 64]), wide, "extents of at least 1", "[2 × 0 × 64]"),
    ]

    @Test(arguments: refusals)
    func `inputs that do not fit are refused`(
        _ layer: any Layer, _ inputs: Signature, _ expected: String, _ got: String
    ) {
        #expect(failure(layer, inputs) == LayerError(expected: expected, got: got))
    }

    private static let unthinkable: [(any Layer, Signature)] = [
        (Linear(inputs: 192, outputs: .max), wide),
        (Linear(inputs: 192, outputs: -1), wide),
        (Linear(inputs: .min, outputs: 1), wide),
        (Linear(inputs: 4, outputs: huge), [TensorSpec([1 << 20, 4])]),
        (Embedding(vocab: huge, width: huge), [TensorSpec([1, 1], .i32)]),
        (Embedding(vocab: 0, width: 8), [TensorSpec([1, 1], .i32)]),
        (Embedding(vocab: 8, width: 8, positions: 0), [TensorSpec([1, 1], .i32)]),
        (Attention(width: .max, heads: 1), wide),
        (Attention(width: 192, heads: .max, keyHeads: .max, headWidth: .max, rotary: Rotary()), wide),
        (Attention(width: 192, heads: 1 << 20, headWidth: 1 << 20), wide),
        (Attention(width: 192, heads: 1, headWidth: .max, rotary: Rotary()), wide),
        (Attention(width: 192, heads: 1, rotary: Rotary(width: .max)), wide),
        (Attention(width: 192, heads: 1, rotary: Rotary(planes: .min)), wide),
        (Attention(width: 192, heads: 1, window: .max), wide),
        (PrefixPositions(start: .min, marks: [.max]), [TensorSpec([2, 9], .i32)]),
        (Transformer(width: .max, heads: 1), wide),
        (Transformer(width: 192, heads: 1, hidden: 0), wide),
        (LayerNorm(width: .max), wide),
        (RMSNorm(width: -3), wide),
        (ReLU(), [TensorSpec(Shape([huge, huge, huge, huge]))]),
        (ReLU(), [TensorSpec([3, 0])]),
        (Flatten(), [TensorSpec(Shape([huge, huge, huge, huge]))]),
        (Reshape([.max, .max]), wide),
        (Split(widths: [.max, .max]), wide),
        (Split(parts: 0), wide),
        (Concatenate(), [TensorSpec(Shape([1, huge])), TensorSpec(Shape([1, huge]))]),
    ]

    @Test(arguments: unthinkable)
    func `sizes beyond reason are refused, and trap nothing`(_ layer: any Layer, _ inputs: Signature) {
        #expect(failure(layer, inputs) != nil)
        #expect(layer.parameters.allSatisfy { !$0.name.isEmpty })
    }

    @Test func `losses refuse predictions that do not fit`() {
        #expect(throws: LayerError(expected: "logits [batch × … × classes]", got: "[7]")) {
            try CrossEntropy().targets(for: [TensorSpec([7])])
        }
        #expect(throws: LayerError(expected: "one tensor", got: "a tuple of 2 tensors: [7], [7]")) {
            try MeanSquaredError().targets(for: [TensorSpec([7]), TensorSpec([7])])
        }
        #expect(throws: LayerError(expected: "floating-point numbers", got: "i32[7]")) {
            try MeanSquaredError().targets(for: [TensorSpec([7], .i32)])
        }
    }

    @Test func `losses say what their targets are`() throws {
        let logits: Signature = [TensorSpec([2, 256, 8192])]
        #expect(try CrossEntropy().targets(for: logits) == TensorSpec([2, 256], .i32))
        #expect(CrossEntropy().rows(for: logits) == 512)
        #expect(try MeanSquaredError().targets(for: logits) == logits[0])
        #expect(MeanSquaredError().rows(for: [TensorSpec([4])]) == 1)
    }

    @Test func `activations keep their element type`() throws {
        let x: Signature = [TensorSpec([2, 3, 8], .bf16)]
        let plan = try Transformer(width: 8, heads: 2).plan(for: x)
        #expect(plan.outputs == x)
        #expect(plan.saved.filter { $0.dtype == .f32 }.map(\.shape) == [[6, 2], [2, 2, 3], [6, 2]])
    }

    /// f32, width 512, hidden 2048, 8 heads: bytes per token.
    @Test func `a transformer keeps no more than it says`() throws {
        let plan = try Transformer(width: 512, heads: 8).plan(for: [TensorSpec([2, 256, 512])])
        func perToken(_ signature: Signature) -> Int { signature.reduce(0) { $0 + $1.byteCount } / 512 }
        #expect(perToken(plan.saved) == 4 * (5 * 512 + 2048 + 8 + 4))
        #expect(perToken(plan.deferred) == 4 * (4 * 512 + 2048 + 4))
        #expect(plan.keepsInputs && plan.keepsOutputGradients && !plan.keepsOutputs)
        #expect(plan.scratchBytes == 512 * 4 * (512 + 2048))
        #expect(plan.attention == AttentionShape(batch: 2, sequence: 256, heads: 8, headWidth: 64, causal: true))
        let backend = DoubleBackend()
        #expect(plan.scratchBytes(on: backend) == plan.scratchBytes + 2 * 4 * 256 * 256)
    }
}

/// Which tensors have the activations' type, and which stay f32.
struct ShortTypePlanTests {
    @Test(arguments: [DType.bf16, .f16], LayerCase.all)
    func `activations keep their type, and the rest is f32`(_ dtype: DType, _ example: LayerCase) throws {
        let short = example.stored(as: dtype)
        let (plan, wide) = (try short.layer.plan(for: short.inputs), try example.layer.plan(for: example.inputs))
        #expect(plan.outputs == wide.outputs.map { $0.dtype == .i32 ? $0 : TensorSpec($0.shape, dtype) })
        #expect(plan.saved.map(\.shape) == wide.saved.map(\.shape))
        #expect(plan.cost == wide.cost)
        // Statistics and log Σ exp: two numbers per row at most, or two per head of q and one per head of k.
        for spec in plan.saved + plan.deferred { #expect([dtype, .f32].contains(spec.dtype)) }
        let floats = plan.saved.filter { $0.dtype == .f32 }
        #expect(floats.reduce(0) { $0 + $1.count } <= 10 * (plan.outputs.first?.shape.rows ?? 0))
        #expect(plan.saved.count == wide.saved.count && plan.deferred.count == wide.deferred.count)
    }

    @Test func `an RMS norm whose weight counts from 1 starts at 0, another at 1`() {
        #expect(RMSNorm(width: 4, unitOffset: true).parameters.map(\.initial) == [.constant(0)])
        #expect(RMSNorm(width: 4).parameters.map(\.initial) == [.constant(1)])
    }

    @Test func `the matrices of products are marked`() {
        func matrices(_ layer: any Layer) -> [String] { layer.parameters.filter(\.isMatrix).map(\.name) }
        #expect(matrices(Linear(inputs: 2, outputs: 3)) == ["weight"])
        #expect(matrices(Attention(width: 4, heads: 1)) == ["qkv.weight", "out.weight"])
        #expect(
            matrices(Transformer(width: 4, heads: 1))
                == ["attention.qkv.weight", "attention.out.weight", "mlp.up.weight", "mlp.down.weight"])
        #expect(matrices(Embedding(vocab: 3, width: 4, positions: 2)).isEmpty)
        #expect(matrices(LayerNorm(width: 4)).isEmpty)
    }

    @Test func `an embedding of integers is refused`() {
        #expect(throws: LayerError(expected: "an embedding of floating-point numbers", got: "i64")) {
            try Embedding(vocab: 3, width: 4, dtype: .i64).plan(for: [TensorSpec([1, 2], .i32)])
        }
    }

    @Test func `targets of a squared error are f32`() throws {
        #expect(try MeanSquaredError().targets(for: [TensorSpec([2, 3], .bf16)]) == TensorSpec([2, 3]))
    }
}
