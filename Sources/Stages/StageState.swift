import Models
package import Tensors

/// What a stage must not lose between two steps: its parameters' f32 masters and their optimizer state, as named tensors on
/// its device.
///
/// Names are the model's, as `3.weight` and `3.weight.exp_avg`, never a stage's or a rank's: what was kept at one partition
/// is restored at another.
package struct StageState {
    package struct NamedTensor {
        package var name: String
        package var tensor: Tensor
        /// Whether it is optimizer state; else it is a parameter's master.
        package var isMoment: Bool
        /// Whether the parameter moves; its optimizer state does with it.
        package var isTrained: Bool
        /// Whether this stage's copy is the one that is kept: a tied parameter lives on several stages, with equal values.
        package var isKept: Bool
    }

    package let tensors: [NamedTensor]
    private let executor: StageExecutor

    init(_ executor: StageExecutor, _ tensors: [NamedTensor]) {
        self.executor = executor
        self.tensors = tensors
    }

    /// The tensors' bytes, on the host.
    package func copy() -> [String: [UInt8]] {
        let pairs = tensors.map { entry in (entry.name, withBytes(of: entry) { Array($0) }) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Shows the host a tensor's bytes: in place where it can see them, else as a copy.
    package func withBytes<Result, Failure: Error>(
        of entry: NamedTensor, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try executor.backend.withBytes(of: entry.tensor, body)
    }

    /// - Parameter bytes: by name, among others perhaps.
    /// - Throws: `TensorError` for the first tensor that is missing or of another size.
    package func restore(_ bytes: [String: [UInt8]]) throws(TensorError) {
        for entry in tensors {
            let found = bytes[entry.name]
            guard let found, found.count == entry.tensor.byteCount else {
                throw TensorError(
                    "restoring \(entry.name)", expected: "\(entry.tensor.byteCount) bytes",
                    got: found.map { "\($0.count)" } ?? "none")
            }
            found.withUnsafeBytes { executor.backend.upload($0, to: entry.tensor) }
        }
        executor.memory.castParameters(on: executor.backend)
    }

    /// The same, a tensor at a time.
    /// - Parameters:
    ///   - trainedOnly: whether what is frozen stays as it is.
    ///   - read: fills a buffer with a tensor.
    package func restore(
        trainedOnly: Bool, _ read: (NamedTensor, UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        for entry in tensors where entry.isTrained || !trainedOnly {
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: entry.tensor.byteCount, alignment: 64)
            defer { bytes.deallocate() }
            try read(entry, bytes)
            executor.backend.upload(UnsafeRawBufferPointer(bytes), to: entry.tensor)
        }
        executor.memory.castParameters(on: executor.backend)
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
