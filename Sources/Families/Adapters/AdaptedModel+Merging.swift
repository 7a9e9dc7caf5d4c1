internal import Layers
internal import Models

extension AdaptedModel {
    /// What one adapter adds to rows of a weight: scale · B · A.
    package struct Addition {
        /// Of the weight.
        package var rows: Range<Int>
        package var rank: Int
        package var scale: Double
        /// The model's names of A and B.
        package var a: String
        package var b: String
    }

    /// What adapters add to a parameter of the model; nothing to most.
    package func additions(to parameter: String) -> [Addition] { additions[parameter] ?? [] }

    /// By the weight's name.
    static func additions(_ targets: [AdapterTarget], _ settings: AdapterSettings, _ model: Sequential)
        -> [String: [Addition]]
    {
        let products = Dictionary(model.placedLayers.map { ($0.path, $0.layer.products) }) { first, _ in first }
        // A module in several weights has one A.
        let firsts = Dictionary(targets.map { ($0.module, $0) }) { first, _ in first }
        var additions: [String: [Addition]] = [:]
        for target in targets {
            guard let product = products[target.path]?[target.product] else { continue }
            additions["\(target.path).\(product.weight)", default: []].append(
                Addition(
                    rows: target.rows, rank: settings.rank, scale: settings.scale,
                    a: (firsts[target.module] ?? target).parameter("lora_A.weight"),
                    b: target.parameter("lora_B.weight")))
        }
        return additions
    }
}
