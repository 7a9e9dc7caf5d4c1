internal import Checkpoints
internal import Layers
internal import Models

/// A module that an adapter may stand beside, as the model has it: some outputs of one product of one layer.
struct AdapterTarget {
    /// As the family calls it, `model.layers.0.self_attn.q_proj`; the layer's path and its part, `1.0.q`, without family.
    var module: String
    /// Of the layer.
    var path: String
    var product: Int
    var rows: Range<Int>
    /// What the model calls the adapter.
    var name: String
    /// Where the outputs lie in the module's weight; empty without family.
    var parts: [StoredParameter.Part]

    /// Every module of a model's products, in order; a module may stand in several of them.
    static func all(of model: Sequential, _ family: TensorMap?) -> [AdapterTarget] {
        let parameters = Dictionary((family?.parameters ?? []).map { ($0.name, $0) }) { first, _ in first }
        return model.placedLayers.flatMap { path, layer in
            layer.products.enumerated().flatMap { index, product in
                guard let stored = parameters["\(path).\(product.weight)"] else {
                    return product.parts.map { part in
                        AdapterTarget(
                            module: part.name.isEmpty ? path : "\(path).\(part.name)", path: path, product: index,
                            rows: part.rows, name: part.name, parts: [])
                    }
                }
                return all(of: stored, path, index, product)
            }
        }
    }

    /// The modules that one weight is made of. One whose outputs do not lie together is left out.
    private static func all(
        of stored: StoredParameter, _ path: String, _ index: Int, _ product: Product
    ) -> [AdapterTarget] {
        var found: [AdapterTarget] = []
        var first = 0
        for part in stored.parts {
            let rows = first..<first + part.count
            first = rows.upperBound
            let tensor = part.aliases.first ?? part.tensor
            let module = tensor.hasSuffix(".weight") ? String(tensor.dropLast(".weight".count)) : tensor
            if let last = found.indices.last, found[last].module == module {
                found[last].rows = found[last].rows.lowerBound..<rows.upperBound
                found[last].parts.append(part)
            } else {
                found.append(
                    AdapterTarget(
                        module: module, path: path, product: index, rows: rows, name: "", parts: [part]))
            }
        }
        for place in found.indices {
            let part = product.parts.first { $0.rows == found[place].rows }
            found[place].name = part?.name ?? (found.count == 1 ? product.name : "\(product.name)_\(place)")
        }
        let modules = found.map(\.module)
        return found.filter { target in modules.filter { $0 == target.module }.count == 1 }
    }

    /// Its adapter.
    func adapter(_ settings: AdapterSettings) -> Adapter {
        Adapter(
            name, product: product, rows: rows, rank: settings.rank, scale: settings.scale,
            dropout: settings.dropout)
    }

    /// What the model calls its A or its B.
    func parameter(_ matrix: String) -> String { name.isEmpty ? "\(path).\(matrix)" : "\(path).\(name).\(matrix)" }
}
