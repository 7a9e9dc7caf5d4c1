import CKernels
import Manifests
import Planning
import Scheduling
import Tensors
import Transport

/// Makes tensors smaller for their way to another stage, and as large as they were at its end.
///
/// `bf16` rounds. `int8` has whole numbers with a scale for each row; what rounding took from a gradient is added to that of the
/// next micro-batch of its lane, so that the sums that weights learn from lose little (error feedback, as in arXiv 1901.09847;
/// between stages arXiv 2301.09830). At a lane's first micro-batch it begins anew: a checkpoint holds nothing of it, and
/// any number of replicas has the same bits.
final class MessageCompressor {
    /// One tensor of an edge, in one direction.
    struct Place: Hashable {
        var edge: Int
        var direction: Message.Direction
        var index: Int
    }

    private struct Buffer: Hashable {
        var place: Place
        var slot: Int
    }

    private struct Residual {
        var values: UnsafeMutableBufferPointer<Float>
        var step: Int
        var lane: Int
        var spec: TensorSpec
    }

    private let plan: TrainingPlan
    private let microBatchesPerLane: Int
    /// What is on its way: a slot's tensor has a buffer of its own, which is free when the tensor is.
    private var sent: [Buffer: UnsafeMutableRawBufferPointer] = [:]
    private var residuals: [Place: Residual] = [:]
    private var scratch = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)

    /// nil where messages pass as they are.
    init?(_ plan: TrainingPlan) {
        guard plan.manifest.compress != nil else { return nil }
        self.plan = plan
        microBatchesPerLane = max(plan.manifest.batch.microBatches / plan.lanesPerReplica, 1)
    }

    deinit {
        sent.values.forEach { $0.deallocate() }
        residuals.values.forEach { $0.values.deallocate() }
        scratch.deallocate()
    }

    func form(_ message: Message, _ spec: TensorSpec) -> PipelineManifest.Compression.Form? {
        plan.compression(ofEdge: message.edge, spec)
    }

    /// - Returns: what passes instead of `bytes`; valid until the slot's tensor is sent again.
    func compress(
        _ bytes: UnsafeRawBufferPointer, _ spec: TensorSpec, _ form: PipelineManifest.Compression.Form, at place: Place,
        slot: Int, microBatch: Int, step: Int
    ) -> UnsafeRawBufferPointer {
        let size = CompressedSize(spec, form)
        let buffer = buffer(Buffer(place: place, slot: slot), size.bytes)
        guard let from = bytes.baseAddress, let to = buffer.baseAddress else { return UnsafeRawBufferPointer(buffer) }
        switch form {
        case .bf16: convert(from, spec.dtype, to: to, .bf16, spec.shape.count)
        case .int8:
            let numbers = spec.dtype == .f32 ? from : widened(from, spec)
            let residual =
                place.direction == .backward ? residual(at: place, spec, microBatch: microBatch, step: step) : nil
            ck_compress_rows(
                numbers.assumingMemoryBound(to: Float.self), residual, to.assumingMemoryBound(to: Float.self),
                (to + size.rows * DType.f32.size).assumingMemoryBound(to: Int8.self), size.rows, size.width)
        }
        return UnsafeRawBufferPointer(rebasing: buffer[..<size.bytes])
    }

    /// - Parameter payload: as it came, wherever it lies.
    /// - Returns: the tensor's bytes, valid until the next call.
    func expand(
        _ payload: UnsafeRawBufferPointer, _ spec: TensorSpec, _ form: PipelineManifest.Compression.Form
    ) -> UnsafeRawBufferPointer {
        let size = CompressedSize(spec, form)
        // Numbers, and behind them what the kernel reads at its own alignment.
        let room = reserve(2 * spec.shape.count + size.rows + 1)
        guard let numbers = room.baseAddress, let from = payload.baseAddress else { return payload }
        let staged = UnsafeMutableRawPointer(numbers + spec.shape.count)
        staged.copyMemory(from: from, byteCount: size.bytes)
        switch form {
        case .bf16: convert(staged, .bf16, to: numbers, spec.dtype, spec.shape.count)
        case .int8:
            ck_expand_rows(
                staged.assumingMemoryBound(to: Float.self),
                (staged + size.rows * DType.f32.size).assumingMemoryBound(to: Int8.self), numbers, size.rows, size.width
            )
            // The payload is read by now.
            if spec.dtype != .f32 { convert(numbers, .f32, to: staged, spec.dtype, spec.shape.count) }
        }
        let result = form == .int8 && spec.dtype != .f32 ? staged : UnsafeMutableRawPointer(numbers)
        return UnsafeRawBufferPointer(start: result, count: spec.byteCount)
    }

    private func convert(
        _ x: UnsafeRawPointer, _ from: DType, to y: UnsafeMutableRawPointer, _ to: DType, _ count: Int
    ) {
        ck_convert_rows(from.kernelType, x, count, to.kernelType, y, count, 1, count)
    }

    private func widened(_ x: UnsafeRawPointer, _ spec: TensorSpec) -> UnsafeRawPointer {
        guard let numbers = reserve(spec.shape.count).baseAddress else { return x }
        convert(x, spec.dtype, to: numbers, .f32, spec.shape.count)
        return UnsafeRawPointer(numbers)
    }

    private func residual(
        at place: Place, _ spec: TensorSpec, microBatch: Int, step: Int
    ) -> UnsafeMutablePointer<Float>? {
        let lane = microBatch / microBatchesPerLane
        if let known = residuals[place], known.step == step, known.lane == lane, known.spec == spec {
            return known.values.baseAddress
        }
        var values = residuals[place]?.values ?? .allocate(capacity: spec.shape.count)
        if values.count < spec.shape.count {
            values.deallocate()
            values = .allocate(capacity: spec.shape.count)
        }
        values.initialize(repeating: 0)
        residuals[place] = Residual(values: values, step: step, lane: lane, spec: spec)
        return values.baseAddress
    }

    private func buffer(_ key: Buffer, _ bytes: Int) -> UnsafeMutableRawBufferPointer {
        if let known = sent[key], known.count >= bytes { return known }
        sent[key]?.deallocate()
        let new = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 64)
        sent[key] = new
        return new
    }

    private func reserve(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        if scratch.count < count {
            scratch.deallocate()
            scratch = .allocate(capacity: count)
        }
        return scratch
    }
}

extension DType {
    /// Of numbers that are compressed.
    fileprivate var kernelType: ck_type {
        switch self {
        case .bf16: CK_BF16
        case .f16: CK_F16
        case .f32, .i32, .i64: CK_F32
        }
    }
}
