internal import Notation
internal import Tensors

extension Configuration {
    /// A token id, unless it is null, absent or none that the vocabulary has.
    func token(_ key: String, vocabulary: Int, usual: Int? = nil) throws(ManifestError) -> Int? {
        guard has(key) else { return usual.flatMap { (0..<vocabulary).contains($0) ? $0 : nil } }
        return try self[key].map { field throws(ManifestError) in try field.int(-Limit.extent...Limit.count) }
            .flatMap { (0..<vocabulary).contains($0) ? $0 : nil }
    }

    /// Token ids: a number or a list of them. Null and nothing mean the usual ones.
    func tokens(_ key: String, vocabulary: Int, usual: [Int]) throws(ManifestError) -> [Int] {
        guard let field = self[key] else { return usual.filter { (0..<vocabulary).contains($0) } }
        let fields = field.isList ? try field.list(of: "token ids") : [field]
        var ids: [Int] = []
        for field in fields {
            let id = try field.int(-Limit.extent...Limit.count)
            if (0..<vocabulary).contains(id), !ids.contains(id) { ids.append(id) }
            guard ids.count <= 1024 else { throw field.error("more than 1024 ids", expected: "at most 1024") }
        }
        return ids
    }

    /// The type that its author trained or stored it in: `dtype`, or `torch_dtype` as older files call it.
    func dtype() -> DType? {
        guard case .scalar(let name, _)? = (self["dtype"] ?? self["torch_dtype"])?.node.content else { return nil }
        return ["float32": .f32, "bfloat16": .bf16, "float16": .f16][name]
    }
}
