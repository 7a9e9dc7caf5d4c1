import CPUDevices
import Glibc
import Synchronization
public import Tensors

/// A device like a GPU, for tests: the host cannot read its memory, and its work goes on by itself.
///
/// A tensor's address is a reserved page range without access: whoever dereferences it is killed. Operations are queued
/// for one thread, which runs them on a twin of the memory with the CPU backend, so their results are that backend's, bit
/// for bit. What the host hands over is copied before a call returns, and overwritten behind it.
public final class DetachedBackend: Backend {
    public let device = "detached:0"
    public let computes = true
    public let isAsynchronous = true
    let cpu = CPUBackend(device: "cpu:0", threads: 1)
    private let queue = DeviceQueue()
    /// By the address that the host sees.
    private let twins = Mutex<[UInt: DeviceMemory]>([:])

    public init() {}

    deinit { queue.stop() }

    /// The tensor where the device computes.
    func twin(_ x: Tensor) -> Tensor {
        guard let memory = twins.withLock({ $0[UInt(bitPattern: x.memory.address)] }) else {
            preconditionFailure("\(x.spec) is not this device's")
        }
        return Tensor(memory, offset: x.offset, spec: x.spec)
    }

    func twin(_ x: Tensor?) -> Tensor? { x.map { twin($0) } }

    func run(_ work: @escaping @Sendable (CPUBackend) -> Void) {
        let cpu = cpu
        queue.add { work(cpu) }
    }

    private final class Answer<Value: Sendable>: Sendable { let value = Mutex<Value?>(nil) }

    private func result<Value: Sendable>(_ work: @escaping @Sendable (CPUBackend) -> Value) -> Value {
        let answer = Answer<Value>()
        run { cpu in answer.value.withLock { $0 = work(cpu) } }
        synchronise()
        guard let value = answer.value.withLock({ $0 }) else { preconditionFailure("the device did not answer") }
        return value
    }

    // MARK: Memory

    public func allocate(byteCount: Int) throws(TensorError) -> DeviceMemory {
        let memory = try cpu.allocate(byteCount: byteCount)
        let length = max(byteCount, 1)
        guard let address = mmap(nil, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
            address != MAP_FAILED
        else { throw TensorError("memory", expected: "\(byteCount) bytes", got: "none") }
        twins.withLock { $0[UInt(bitPattern: address)] = memory }
        return DeviceMemory(address: address, byteCount: byteCount) { [weak self] address in
            self?.synchronise()
            self?.twins.withLock { $0[UInt(bitPattern: address)] = nil }
            munmap(address, length)
        }
    }

    public func hostView(_ tensor: Tensor) -> UnsafeMutableRawBufferPointer? { nil }

    public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) {
        let (copy, tensor) = (Array(bytes), twin(tensor))
        run { cpu in copy.withUnsafeBytes { cpu.upload($0, to: tensor) } }
    }

    public func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) {
        let tensor = twin(tensor)
        let copy = result { cpu in
            var copy = [UInt8](repeating: 0, count: tensor.byteCount)
            copy.withUnsafeMutableBytes { cpu.download(tensor, to: $0) }
            return copy
        }
        bytes.copyBytes(from: copy)
    }

    public func zero(_ x: Tensor) {
        let x = twin(x)
        run { $0.zero(x) }
    }

    public func copy(_ x: Tensor, to y: Tensor) {
        let (x, y) = (twin(x), twin(y))
        run { $0.copy(x, to: y) }
    }

    public func insertColumns(_ x: Tensor, into y: Tensor, at start: Int) {
        let (x, y) = (twin(x), twin(y))
        run { $0.insertColumns(x, into: y, at: start) }
    }

    public func extractColumns(_ x: Tensor, from start: Int, into y: Tensor) {
        let (x, y) = (twin(x), twin(y))
        run { $0.extractColumns(x, from: start, into: y) }
    }

    public func gatherRows(_ x: Tensor, _ rows: Tensor, into y: Tensor) {
        let (x, rows, y) = (twin(x), twin(rows), twin(y))
        run { $0.gatherRows(x, rows, into: y) }
    }

    public func scatterRows(_ x: Tensor, _ rows: Tensor, into y: Tensor) {
        let (x, rows, y) = (twin(x), twin(rows), twin(y))
        run { $0.scatterRows(x, rows, into: y) }
    }

    public func add(_ a: Tensor, _ b: Tensor, into y: Tensor) {
        let (a, b, y) = (twin(a), twin(b), twin(y))
        run { $0.add(a, b, into: y) }
    }

    public func cast(_ x: Tensor, into y: Tensor) {
        let (x, y) = (twin(x), twin(y))
        run { $0.cast(x, into: y) }
    }

    public func fill(_ x: Tensor, _ distribution: Distribution, key: RandomKey) {
        let x = twin(x)
        run { $0.fill(x, distribution, key: key) }
    }

    // MARK: Products

    public func matmul(_ a: Tensor, _ b: Tensor, into c: Tensor, _ shape: MatMul, epilogue: Epilogue) {
        let (a, b, c) = (twin(a), twin(b), twin(c))
        let twinned: Epilogue =
            switch epilogue {
            case .none: .none
            case .bias(let bias): .bias(twin(bias))
            case .residual(let residual, let bias): .residual(twin(residual), bias: twin(bias))
            case .activation(let kind, let bias, let output): .activation(kind, bias: twin(bias), output: twin(output))
            }
        run { $0.matmul(a, b, into: c, shape, epilogue: twinned) }
    }

    public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
        let (x, out) = (twin(x), twin(out))
        run { $0.sumRows(x, into: out, accumulate: accumulate) }
    }

    // MARK: Embedding, losses

    public func embedding(_ ids: Tensor, token: Tensor, position: Tensor?, scale: Float, into y: Tensor) {
        let (ids, token, position, y) = (twin(ids), twin(token), twin(position), twin(y))
        run { $0.embedding(ids, token: token, position: position, scale: scale, into: y) }
    }

    public func embeddingBackward(_ ids: Tensor, dy: Tensor, dtoken: Tensor, dposition: Tensor?, scale: Float) {
        let (ids, dy, dtoken, dposition) = (twin(ids), twin(dy), twin(dtoken), twin(dposition))
        run { $0.embeddingBackward(ids, dy: dy, dtoken: dtoken, dposition: dposition, scale: scale) }
    }

    public func crossEntropy(
        _ logits: Tensor, targets: Tensor, ignoreIndex: Int, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float
    ) {
        let (logits, targets, normaliser, rowLosses) = (twin(logits), twin(targets), twin(normaliser), twin(rowLosses))
        run {
            $0.crossEntropy(
                logits, targets: targets, ignoreIndex: ignoreIndex, normaliser: normaliser, rowLosses: rowLosses,
                gradientScale: gradientScale)
        }
    }

    public func meanSquaredError(
        _ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float
    ) {
        let (prediction, targets) = (twin(prediction), twin(targets))
        let (normaliser, rowLosses) = (twin(normaliser), twin(rowLosses))
        run {
            $0.meanSquaredError(
                prediction, targets: targets, normaliser: normaliser, rowLosses: rowLosses,
                gradientScale: gradientScale)
        }
    }

    // MARK: Reductions and updates

    public func sum(_ x: Tensor) -> Double {
        let x = twin(x)
        return result { $0.sum(x) }
    }

    public func sumOfSquares(_ x: Tensor) -> Double { sumsOfSquares([x])[0] }

    public func sumsOfSquares(_ tensors: [Tensor]) -> [Double] {
        let tensors = tensors.map { twin($0) }
        return result { $0.sumsOfSquares(tensors) }
    }

    public func adamW(_ p: Tensor, gradient: Tensor, m: Tensor, v: Tensor, working: Tensor?, _ step: AdamStep) {
        let (p, gradient, m, v, working) = (twin(p), twin(gradient), twin(m), twin(v), twin(working))
        run { $0.adamW(p, gradient: gradient, m: m, v: v, working: working, step) }
    }

    public func sgd(_ p: Tensor, gradient: Tensor, momentum: Tensor?, working: Tensor?, _ step: SGDStep) {
        let (p, gradient, momentum, working) = (twin(p), twin(gradient), twin(momentum), twin(working))
        run { $0.sgd(p, gradient: gradient, momentum: momentum, working: working, step) }
    }

    public func simulate(_ work: Work) {}
    public func synchronise() { queue.wait() }
    public func mark() -> DeviceMark { queue.mark() }
    public func times(of marks: [DeviceMark]) -> [UInt64] { queue.times(of: marks) }
}
