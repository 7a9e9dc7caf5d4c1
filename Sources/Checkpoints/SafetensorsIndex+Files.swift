extension SafetensorsIndex {
    /// The files it names. Throws unless they hold exactly the tensors that it says, each where it says.
    func open() throws(CheckpointError) -> [SafetensorsFile] {
        let shards = try shards()
        for (name, file) in shards {
            for tensor in file.tensors where weightMap[tensor.name] != name {
                throw .malformed(
                    path: path, place: "weight_map, \(quoted(tensor.name))", expected: quoted(name),
                    got: weightMap[tensor.name].map(quoted) ?? "nothing")
            }
        }
        try checkComplete(shards)
        return shards.map(\.file)
    }

    /// The tensors that it names, file after file. What else its files hold is passed over: which file a tensor is read
    /// from, `weight_map` alone says.
    func pretrained() throws(CheckpointError) -> [(path: String, tensors: [PretrainedTensor])] {
        let shards = try shards()
        try checkComplete(shards)
        return shards.map { name, file in (file.path, file.pretrainedTensors.filter { weightMap[$0.name] == name }) }
    }

    private func shards() throws(CheckpointError) -> [(name: String, file: SafetensorsFile)] {
        let folder = WeightsPath.folder(of: path)
        var shards: [(String, SafetensorsFile)] = []
        for name in files { shards.append((name, try SafetensorsFile(path: folder + name))) }
        return shards
    }

    /// Throws where a tensor is not in the file that it should be in.
    private func checkComplete(_ shards: [(name: String, file: SafetensorsFile)]) throws(CheckpointError) {
        let files = Dictionary(uniqueKeysWithValues: shards.map { ($0.name, $0.file) })
        for (name, file) in weightMap.sorted(by: { $0.key < $1.key }) where files[file]?[name] == nil {
            throw .malformed(
                path: WeightsPath.folder(of: path) + file, place: "its tensors",
                expected: "\(quoted(name)), as \(path) says", got: "no such tensor")
        }
    }
}
