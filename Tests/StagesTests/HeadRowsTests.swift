import Models
import Stages
import Tensors
import Testing

/// Logits of rows whose targets do not count are needed by nobody: the head leaves them out.
@Suite struct HeadRowsTests {
    private static let layers = "[{embedding: {vocab: 9, width: 4}}, {linear: {in: 4, out: 9}}]"

    @Test(arguments: [false, true], [[], [1], [1, 2]])
    func `leaving rows out changes no loss and no gradient`(_ splitsBackward: Bool, _ cuts: [Int]) throws {
        let outcomes = try TestModels.longNames.map {
            try HandDrivenRun(try TestModels.build($0), cuts: cuts, splitsBackward: splitsBackward).step()
        }
        #expect(outcomes[0].lossSum == outcomes[1].lossSum && Double(bitPattern: outcomes[0].lossSum) > 0)
        // The head's own is a sum over rows, which libraries may add in another order where there are fewer.
        let head = "3.weight"
        #expect(["", head].contains(outcomes[0].difference(from: outcomes[1])))
        let gradients = try outcomes.map { try #require($0.gradients[head]).map(Float.init(bitPattern:)) }
        let largest = gradients[0].map(abs).max() ?? 0
        #expect(largest > 0 && zip(gradients[0], gradients[1]).allSatisfy { abs($0 - $1) <= 2e-6 * largest })
    }

    @Test func `of a micro-batch with few targets few logits are written`() throws {
        let model = try TestModels.build(TestModels.longNames[0])
        let run = try HandDrivenRun(model)
        for microBatch in 0..<3 { run.forward(microBatch) }
        let written = try run.stages.map { stage in
            let loss = try #require(stage.program.loss)
            return (0..<3).map { slot in
                let logits = stage.tensor(loss.prediction, slot).floats(on: stage.backend)
                return logits.filter { $0.isFinite }.count / 7
            }
        }
        // 12 of 48 count, none, and 47: the first rounded up to 16, the last to all.
        #expect(written == [[16, 0, 48]])
    }

    @Test func `a loss on which all rows count has no such head`() throws {
        let sizes = TensorSpec([20, 4])
        let model = try TestModels.build("[{linear: {in: 4, out: 2}}]", loss: "mean-squared-error", input: sizes)
        #expect(model.head == nil)
    }

    @Test(arguments: ["softcap: {cap: 3}", "dropout: 0.1", "gelu"])
    func `a head with a layer behind it computes all rows`(_ last: String) throws {
        let layers = Self.layers.dropLast() + ", \(last.contains(":") ? "{\(last)}" : last)]"
        let model = try TestModels.build(
            String(layers), loss: "cross-entropy", input: TensorSpec([2, 24], .i32))
        #expect(model.head == nil)
    }
}
