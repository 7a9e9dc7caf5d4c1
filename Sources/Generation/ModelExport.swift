import Checkpoints
import Families
import Glibc
import Planning
package import Runs
import Systems
package import Tensors

/// Writes a model as its family publishes it: a folder that Hugging Face's libraries load. Adapters are merged into its
/// weights.
package struct ModelExport {
    /// What was written.
    package struct Summary: Sendable {
        /// Weights, index, configuration and tokenizer, by name.
        package var files: [String]
        /// What most of the tensors are stored as.
        package var dtype: DType
        /// Whether training left nothing of the files' own, shorter types: all is written as f32 then.
        package var isWidened: Bool
    }

    private let source: ModelSource
    private let family: FamilyModel

    /// - Throws: bad input for a model of no family: its weights lie in its run as they are.
    package init(_ source: ModelSource) throws(RunFailure) {
        guard let family = source.family else {
            throw .badInput(
                "\(source.path.printable()): this model is of no pretrained family, so there is no form that other programs "
                    + "load: its weights are in model.safetensors, named as in torch.nn.Sequential's state dict")
        }
        self.source = source
        self.family = family
    }

    /// - Parameters:
    ///   - folder: made where there is none; it may not hold weights.
    ///   - dtype: of all tensors; nil: as the files that the model came from, where that loses nothing, else f32.
    ///   - shardBytes: the most bytes of one file.
    package func write(
        to folder: String, dtype: DType?, shardBytes: Int = SafetensorsShards.defaultShardByteCount
    ) throws(RunFailure) -> Summary {
        do {
            let types = dtype == nil ? originalTypes() : [:]
            let isWidened = try dtype == nil && types.values.contains { $0 != .f32 } && !survives(types)
            func type(_ tensor: FamilyTensor) -> DType { dtype ?? (isWidened ? .f32 : types[tensor.name] ?? .f32) }
            let existed = File.exists(folder)
            if !existed { try File.makeFolder(folder) }
            do {
                var files = try family.exported.export(
                    to: folder, shardByteCount: shardBytes, types: type
                ) { (parameter, rows, out) throws(CheckpointError) in
                    try source.copyMerged(parameter, rows: rows, into: out)
                }
                let target = FamilyFolder(folder)
                try target.fill(from: source.familyPath)
                let counts = Dictionary(grouping: family.exported.storedTensors.map(type)) { $0 }.mapValues(\.count)
                let main = counts.max { $0.value < $1.value }?.key ?? .f32
                try target.setType(main)
                files += try File.names(in: folder).filter { !files.contains($0) }.sorted()
                return Summary(files: files, dtype: main, isWidened: isWidened)
            } catch {
                if !existed { File.remove(folder) }
                throw error
            }
        } catch let error as RunFailure {
            throw error
        } catch let error as CheckpointError {
            throw .badInput(error)
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// What the files that the model came from store its tensors as.
    private func originalTypes() -> [String: DType] {
        guard case .pretrained(let weights) = source.weights else {
            return FamilyFolder(source.familyPath).types()
        }
        var types: [String: DType] = [:]
        for tensor in family.exported.storedTensors { types[tensor.name] = weights.encoding(of: tensor.name)?.dtype }
        return types
    }

    /// Whether all parameters are numbers of these types: then nothing was trained, or nothing was lost.
    private func survives(_ types: [String: DType]) throws(CheckpointError) -> Bool {
        if case .pretrained = source.weights { return true }
        var seen: Set<[StoredParameter.Part]> = []
        for parameter in family.exported.parameters where seen.insert(parameter.parts).inserted {
            var first = 0
            for part in parameter.parts {
                defer { first += part.count }
                guard let type = types[part.tensor], type != .f32 else { continue }
                guard try rows(first..<first + part.count, of: parameter, are: type) else { return false }
            }
        }
        return true
    }

    private func rows(
        _ rows: Range<Int>, of parameter: StoredParameter, are type: DType
    ) throws(CheckpointError) -> Bool {
        let width = max(parameter.shape.dropFirst().reduce(1, *), 1)
        let most = max(1, (1 << 18) / width)
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: most * width)
        defer { buffer.deallocate() }
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: most) {
            let range = start..<min(start + most, rows.upperBound)
            let part = UnsafeMutableBufferPointer(rebasing: buffer[..<(range.count * width)])
            try source.copyMerged(parameter, rows: range, into: part)
            for value in part where type.rounded(value).bitPattern != value.bitPattern { return false }
        }
        return true
    }
}
