import Checkpoints
package import Families
import Manifests
import Planning
package import Runs
import Systems
package import Tensors

/// Writes the adapters that a run trained, as PEFT keeps them.
package struct AdapterExport {
    private let source: ModelSource
    private let adapters: AdaptedModel

    /// - Throws: bad input for a run whose adapters stand beside modules without names that PEFT knows.
    package init(_ source: ModelSource, _ adapters: AdaptedModel) throws(RunFailure) {
        guard adapters.tensors != nil else {
            throw .badInput(
                "\(source.path.printable()): its adapters stand beside layers of no pretrained family, so there is no "
                    + "form that other programs load: they are in model.safetensors, as lora_A and lora_B")
        }
        self.source = source
        self.adapters = adapters
    }

    /// - Parameters:
    ///   - folder: made where there is none; it may hold no adapter.
    ///   - dtype: of all tensors; nil: f32.
    package func write(to folder: String, dtype: DType?) throws(RunFailure) -> ModelExport.Summary {
        let dtype = dtype ?? .f32
        do {
            let files = try AdapterFolder(folder).write(
                adapters, base: source.manifest?.pretrained?.path ?? "", dtype: dtype
            ) { (parameter, rows, out) throws(CheckpointError) in
                try source.weights.copyFloats(parameter, rows: rows, into: out)
            }
            return ModelExport.Summary(files: files, dtype: dtype, isWidened: false)
        } catch let error as CheckpointError {
            throw .badInput(error)
        } catch {
            throw RunFailure(wrapping: error)
        }
    }
}

extension ModelSource {
    /// Some rows of a parameter as f32, with what adapters add to them: W + scale · B · A.
    func copyMerged(
        _ parameter: StoredParameter, rows: Range<Int>, into out: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        try weights.copyFloats(parameter, rows: rows, into: out)
        guard let adapters else { return }
        let width = parameter.shape.dropFirst().reduce(1, *)
        for addition in adapters.additions(to: parameter.name) {
            let own = rows.clamped(to: addition.rows)
            guard !own.isEmpty, width > 0 else { continue }
            let rank = addition.rank
            let (a, b) = (
                StoredParameter(addition.a, [rank, width], parts: []),
                StoredParameter(addition.b, [addition.rows.count, rank], parts: [])
            )
            let down = UnsafeMutableBufferPointer<Float>.allocate(capacity: rank * width)
            let up = UnsafeMutableBufferPointer<Float>.allocate(capacity: own.count * rank)
            defer {
                down.deallocate()
                up.deallocate()
            }
            try weights.copyFloats(a, rows: 0..<rank, into: down)
            let first = own.lowerBound - addition.rows.lowerBound
            try weights.copyFloats(b, rows: first..<first + own.count, into: up)
            let target = UnsafeMutableBufferPointer(
                rebasing: out[(own.lowerBound - rows.lowerBound) * width..<(own.upperBound - rows.lowerBound) * width])
            Self.add(scale: addition.scale, up, down, rank: rank, width: width, to: target)
        }
    }

    /// w += scale · up · down, in f64: a merged weight is rounded once.
    private static func add(
        scale: Double, _ up: UnsafeMutableBufferPointer<Float>, _ down: UnsafeMutableBufferPointer<Float>, rank: Int,
        width: Int, to w: UnsafeMutableBufferPointer<Float>
    ) {
        for row in 0..<up.count / rank {
            for column in 0..<width {
                var sum = 0.0
                for index in 0..<rank { sum += Double(up[row * rank + index]) * Double(down[index * width + column]) }
                w[row * width + column] = Float(Double(w[row * width + column]) + scale * sum)
            }
        }
    }
}
