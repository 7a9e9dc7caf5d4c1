import Checkpoints
import Models
package import Tensors

/// What a stage must not lose between two steps: its parameters' f32 masters and their optimizer state, as named tensors on
/// its device.
///
/// Names are the model's, as `3.weight` and `3.weight.exp_avg`, never a stage's or a rank's: what was kept at one partition
/// is restored at another. Where replicas share out optimizer state, this one's is in pieces, as `TensorPiece` names them.
package struct StageState {
    package struct NamedTensor {
        package var name: String
        package var tensor: Tensor
        /// Whether it is optimizer state; else it is a parameter's master.
        package var isMoment: Bool
        /// Whether the parameter moves; its optimizer state does with it.
        package var isTrained: Bool
        /// Whether this stage's copy is the one that is kept: a tied parameter lives on several stages, with equal values, and
        /// a whole one on all shards of its stage.
        package var isKept: Bool
        /// Where the stage is a shard and has a part of the named tensor: which part.
        package var slice: TensorSlice?
        /// The named tensor, whole.
        package var whole: TensorSpec { slice.map { TensorSpec($0.whole, tensor.dtype) } ?? tensor.spec }
    }

    /// The master of a trained parameter of which this replica has some elements.
    package struct CompactMaster {
        let parameter: StageExecutor.OwnParameter
        /// Whether this stage's copy is the one that is kept.
        package let isKept: Bool

        package var name: String { parameter.name }
    }

    package let tensors: [NamedTensor]
    /// None where each replica has the masters of all that it computes with.
    package let compactMasters: [CompactMaster]
    private let executor: StageExecutor

    init(_ executor: StageExecutor, _ tensors: [NamedTensor], _ compactMasters: [CompactMaster]) {
        self.executor = executor
        self.tensors = tensors
        self.compactMasters = compactMasters
    }

    /// The whole master's, f32.
    package func spec(of master: CompactMaster) -> TensorSpec {
        let place = master.parameter.place
        return TensorSpec(executor.memory.parameters[place.node][place.parameter].shape)
    }

    /// The tensors' bytes, on the host.
    package func copy() -> [String: [UInt8]] {
        var copies = Dictionary(
            uniqueKeysWithValues: tensors.map { entry in (entry.name, withBytes(of: entry) { Array($0) }) })
        for master in compactMasters {
            let place = master.parameter.place
            for (elements, start) in executor.memory.owned?.places(place.node, place.parameter) ?? [] {
                let part = master.parameter.tensor.slice(start: start, [elements.count])
                copies[TensorPiece(master.name, elements).text] = executor.backend.withBytes(of: part) { Array($0) }
            }
        }
        return copies
    }

    /// Shows the host a tensor's bytes: in place where it can see them, else as a copy.
    package func withBytes<Result, Failure: Error>(
        of entry: NamedTensor, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try executor.backend.withBytes(of: entry.tensor, body)
    }

    /// - Parameter bytes: by name, among others perhaps; whole tensors, or those parts that this stage has.
    /// - Throws: `TensorError` for the first tensor that is missing or of another size.
    package func restore(_ bytes: [String: [UInt8]]) throws(TensorError) {
        for entry in tensors {
            let found = bytes[entry.name]
            if let slice = entry.slice, let found, found.count == entry.whole.byteCount {
                found.withUnsafeBytes { executor.backend.upload($0, slice, to: entry.tensor) }
                continue
            }
            guard let found, found.count == entry.tensor.byteCount else {
                throw TensorError(
                    "restoring \(entry.name)", expected: "\(entry.tensor.byteCount) bytes",
                    got: found.map { "\($0.count)" } ?? "none")
            }
            found.withUnsafeBytes { executor.backend.upload($0, to: entry.tensor) }
        }
        for master in compactMasters {
            var whole = [UInt8](repeating: 0, count: spec(of: master).byteCount)
            var count = 0
            for (name, part) in bytes {
                guard let piece = TensorPiece(name), piece.name == master.name else { continue }
                whole.replaceSubrange(piece.elements.lowerBound * 4..<piece.elements.upperBound * 4, with: part)
                count += part.count
            }
            guard count == whole.count else {
                throw TensorError("restoring \(master.name)", expected: "\(whole.count) bytes", got: "\(count)")
            }
            whole.withUnsafeBytes { set(master, $0) }
        }
        executor.memory.castParameters(on: executor.backend)
    }

    /// The same, a tensor at a time.
    /// - Parameters:
    ///   - trainedOnly: whether what is frozen stays as it is.
    ///   - read: fills a buffer with a whole tensor, or with a piece of one: a shard takes its part of what is whole.
    package func restore(
        trainedOnly: Bool,
        _ read: (_ name: String, _ isMoment: Bool, UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        func withBuffer(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
            defer { bytes.deallocate() }
            try body(bytes)
        }
        for entry in tensors where entry.isTrained || !trainedOnly {
            try withBuffer(entry.whole.byteCount) { bytes in
                try read(entry.name, entry.isMoment, bytes)
                if let slice = entry.slice {
                    executor.backend.upload(UnsafeRawBufferPointer(bytes), slice, to: entry.tensor)
                } else {
                    executor.backend.upload(UnsafeRawBufferPointer(bytes), to: entry.tensor)
                }
            }
        }
        for master in compactMasters {
            try withBuffer(spec(of: master).byteCount) { bytes in
                try read(master.name, false, bytes)
                set(master, UnsafeRawBufferPointer(bytes))
            }
        }
        executor.memory.castParameters(on: executor.backend)
    }

    private func set(_ master: CompactMaster, _ bytes: UnsafeRawBufferPointer) {
        executor.withWhole(master.parameter) { executor.backend.upload(bytes, to: $0) }
    }
}

extension Backend {
    /// Shows the host a tensor's bytes: in place where it can see them, else as a copy.
    func withBytes<Result, Failure: Error>(
        of tensor: Tensor, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if let view = hostView(tensor) { return try body(UnsafeRawBufferPointer(view)) }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: tensor.byteCount, alignment: 64)
        defer { copy.deallocate() }
        download(tensor, to: copy)
        return try body(UnsafeRawBufferPointer(copy))
    }
}
