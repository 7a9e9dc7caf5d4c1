internal import Checkpoints
internal import Layers
internal import Models
internal import Notation
internal import Tensors

/// A model's list of layers while a family writes it, and where each parameter lies in the family's files.
struct MappedLayers {
    private(set) var layers: [LayerDeclaration] = []
    private(set) var parameters: [StoredParameter] = []
    /// What parameters' names begin with: the place of the list inside another.
    private let prefix: String
    /// Where errors say that the layers stand.
    private let mark: Mark

    init(at mark: Mark, prefix: String = "") {
        self.mark = mark
        self.prefix = prefix
    }

    /// The name of the last layer's parameter.
    func name(_ parameter: String) -> String { "\(prefix)\(layers.count - 1).\(parameter)" }

    /// - Parameter modules: for each part of the layer (`qkv` of attention, the empty name where there is one part alone)
    ///   what fills its rows, one behind the other.
    mutating func add(_ layer: some Layer, _ modules: KeyValuePairs<String, [Module]> = [:]) {
        layers.append(LayerDeclaration(layer, at: mark))
        for parameter in layer.parameters {
            let dot = parameter.name.lastIndex(of: ".")
            let part = dot.map { parameter.name[..<$0] } ?? ""
            let tensor = dot.map { parameter.name[parameter.name.index(after: $0)...] } ?? parameter.name[...]
            guard let sources = modules.first(where: { $0.key == part })?.value else {
                preconditionFailure("no module for \(parameter.name) of \(layer.kind)")
            }
            parameters.append(
                StoredParameter(
                    name(parameter.name), parameter.shape.extents,
                    parts: sources.map { $0.part(tensor, isMatrix: parameter.shape.rank > 1) }))
        }
    }

    mutating func add(_ stash: Stash) {
        layers += LayerBuilder.buildExpression(stash, file: mark.file, line: mark.line, column: mark.column)
    }

    mutating func add(_ pop: Pop) {
        layers += LayerBuilder.buildExpression(pop, file: mark.file, line: mark.line, column: mark.column)
    }

    mutating func add(_ select: Select) {
        layers += LayerBuilder.buildExpression(select, file: mark.file, line: mark.line, column: mark.column)
    }

    /// What `write` adds, and the input `scale` times.
    mutating func residual(scale: Double = 1, _ write: (inout MappedLayers) -> Void) {
        var nested = MappedLayers(at: mark, prefix: "\(prefix)\(layers.count).")
        write(&nested)
        let residual = Residual(scale: scale) { nested.layers }
        layers += LayerBuilder.buildExpression(residual, file: mark.file, line: mark.line, column: mark.column)
        parameters += nested.parameters
    }
}
