import Layers
import Tensors
import Testing

/// FLOPs by the formulas of the products, multiply and add as two.
struct CostTests {
    @Test func `a linear layer costs three equal products`() throws {
        let cost = try Linear(inputs: 24, outputs: 17).plan(for: [TensorSpec([2, 7, 24])]).cost
        let product = 2.0 * 14 * 24 * 17
        #expect(cost == LayerCost(forward: product, backwardInput: product, backwardWeight: product))
    }

    /// Causal attention counts half; its backward two and a half times its forward, all of it in the input half.
    @Test(arguments: [true, false])
    func `attention counts its products, half where causal`(_ causal: Bool) throws {
        let (batch, sequence, width) = (2.0, 64.0, 32.0)
        let cost = try Attention(width: 32, heads: 4, causal: causal).plan(for: [TensorSpec([2, 64, 32])]).cost
        let projections = 2 * batch * sequence * width * 4 * width
        let products = 4 * batch * sequence * sequence * width * (causal ? 0.5 : 1)
        #expect(cost.forward == projections + products)
        #expect(cost.backwardInput == projections + 2.5 * products)
        #expect(cost.backwardWeight == projections)
    }

    /// 24 · width² products per token and the attention, and elementwise work that is small beside them.
    @Test func `a transformer counts every product in both halves`() throws {
        let cost = try Transformer(width: 512, heads: 8).plan(for: [TensorSpec([2, 256, 512])]).cost
        let products = 2.0 * 512 * 12 * 512 * 512
        let attention = 2.0 * 2 * 256 * 256 * 512
        let (forward, input, weight) = (products + attention, products + 2.5 * attention, products)
        #expect((forward...forward * 1.02).contains(cost.forward))
        #expect((input...input * 1.02).contains(cost.backwardInput))
        #expect((weight...weight * 1.02).contains(cost.backwardWeight))
        #expect(cost.total == cost.forward + cost.backwardInput + cost.backwardWeight)
    }

    @Test(arguments: LayerCase.all)
    func `costs grow with the batch`(_ example: LayerCase) throws {
        let twice = example.inputs.map {
            TensorSpec(Shape([2 * $0.shape[0]] + $0.shape.extents.dropFirst()), $0.dtype)
        }
        let (one, two) = (try example.layer.plan(for: example.inputs), try example.layer.plan(for: twice))
        #expect(two.cost.total == 2 * one.cost.total)
        #expect(two.cost.forward == 2 * one.cost.forward)
        #expect(one.cost.backwardWeight == 0 || !example.layer.parameters.isEmpty)
    }

    @Test func `loss costs count each element`() {
        #expect(CrossEntropy().cost(for: [TensorSpec([2, 3, 5])]) == 8 * 30)
        #expect(MeanSquaredError().cost(for: [TensorSpec([2, 3, 5])]) == 4 * 30)
    }
}
