import Checkpoints
import Stages
import Tensors
import Transport

extension WorkerEndpoint {
    /// Fills a rank's parameters into a file that the coordinator made. Each tensor counts as progress.
    /// - Parameter compactOnly: whether what is whole here is another replica's to write.
    /// - Returns: how many bytes of data it wrote.
    func save(_ executors: [StageExecutor], compactOnly: Bool, to writer: SafetensorsWriter) throws -> Int {
        updateStatus {
            $0.phase = .saving
            $0.progress &+= 1
        }
        for executor in executors {
            try executor.saveParameters(compactOnly: compactOnly) { name, bytes, part throws(CheckpointError) in
                switch part {
                case .all: try writer.write(name, bytes)
                case .run(let element): try writer.write(name, at: element * DType.f32.size, bytes)
                case .slice(let slice): try writer.write(name, bytes, slice)
                }
                updateStatus { $0.progress &+= 1 }
            }
        }
        return try writer.finish()
    }
}
