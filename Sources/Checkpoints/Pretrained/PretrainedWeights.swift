/// The weights that a pretrained model came with: safetensors, single or in shards, or a GGUF file.
///
///     let weights = try PretrainedWeights(path: "models/SmolLM2")
///     let mapped = try weights.mapped(by: map)              // every tensor that does not fit is in one error
///     try mapped.copy(map.parameters[0], into: buffer)      // f32, whatever the files hold
package struct PretrainedWeights: Sendable {
    /// As the user gave it.
    package let path: String
    /// The files that hold the tensors.
    package let files: [String]
    /// Under the files' own names, in the order of the files.
    package let tensors: [PretrainedTensor]
    /// The file itself, with its metadata, where the weights are one in GGUF.
    package let gguf: GGUFFile?
    private let indices: [String: Int]

    /// Opens a folder that holds `model.safetensors`, `model.safetensors.index.json` or a single `.gguf` file; or one of
    /// these files. Reads their heads alone. Throws where there is none, and where one of them breaks its format.
    package init(path: String) throws(CheckpointError) {
        let file = try WeightsPath.resolvePretrained(path)
        if try GGUFFile.isNamed(file) {
            self.init(try GGUFFile(path: file), path: path)
        } else {
            let isIndex = file.hasSuffix(".json")
            let files =
                isIndex
                ? try SafetensorsIndex(path: file).pretrained()
                : [(file, try SafetensorsFile(path: file).pretrainedTensors)]
            self.init(path, files, gguf: nil)
        }
    }

    /// The tensors of a GGUF file.
    package init(_ gguf: GGUFFile, path: String? = nil) {
        self.init(path ?? gguf.path, [(gguf.path, gguf.tensors)], gguf: gguf)
    }

    private init(_ path: String, _ files: [(path: String, tensors: [PretrainedTensor])], gguf: GGUFFile?) {
        self.path = path
        self.files = files.map(\.path)
        self.gguf = gguf
        tensors = files.flatMap(\.tensors)
        var indices: [String: Int] = [:]
        for (index, tensor) in tensors.enumerated() { indices[tensor.name] = index }
        self.indices = indices
    }

    package subscript(name: String) -> PretrainedTensor? { indices[name].map { tensors[$0] } }

    /// What all of them take in their files.
    package var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }

    /// Throws an error that lists every missing, superfluous, different and twice stored tensor by the family's names.
    package func check(_ map: TensorMap) throws(CheckpointError) { _ = try mapped(by: map) }

    /// The files' tensors as the model's parameters.
    /// - Throws: as `check`.
    package func mapped(by map: TensorMap) throws(CheckpointError) -> MappedWeights {
        var match = TensorMatch(self, map)
        match.addExtras(of: self, ignoring: map.ignored)
        guard match.mismatches.isEmpty else { throw .mismatch(path: path, match.mismatches) }
        return MappedWeights(weights: self, map: map, tensorOf: match.tensorOf)
    }
}
