import Layers
import Models
package import Tensors

/// A matrix product of a model, for which the libraries race.
package struct ProductContest: Hashable, Sendable {
    package var key: ProductTable.Key
    /// Whether a bias is added, which not every library does in its one pass.
    package var hasBias: Bool

    package init(_ key: ProductTable.Key, hasBias: Bool = false) {
        self.key = key
        self.hasBias = hasBias
    }
}

extension ModelGraph {
    /// Forward, input gradient and weight gradient of every matrix for one whole micro-batch, each size once. They depend on
    /// the model and the micro-batch alone: every partition, schedule and replica has the same.
    package var productContests: [ProductContest] {
        var contests: [ProductTable.Key: ProductContest] = [:]
        func add(_ shape: MatMul, hasBias: Bool = false) {
            let key = ProductTable.Key(shape, dtype)
            contests[key] = ProductContest(key, hasBias: hasBias || contests[key]?.hasBias == true)
        }
        for node in nodes {
            guard let input = node.inputs.first else { continue }
            let rows = values[input].spec.shape.rows
            let names = node.layer.parameters.map(\.name)
            for product in node.layer.products where rows > 0 && product.inputs > 0 && product.outputs > 0 {
                let (inputs, outputs) = (product.inputs, product.outputs)
                let bias = product.name.isEmpty ? "bias" : product.name + ".bias"
                add(MatMul(m: rows, n: outputs, k: inputs, transposeB: true), hasBias: names.contains(bias))
                add(MatMul(m: rows, n: inputs, k: outputs))
                guard let weight = names.firstIndex(of: product.weight), node.hasGradient[weight] else { continue }
                add(MatMul(m: outputs, n: inputs, k: rows, transposeA: true, accumulate: true))
            }
        }
        return contests.values.sorted { $0.key < $1.key }
    }
}
