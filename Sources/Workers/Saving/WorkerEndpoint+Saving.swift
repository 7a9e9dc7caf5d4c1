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
            try executor.saveParameters(compactOnly: compactOnly) { name, element, bytes throws(CheckpointError) in
                try writer.write(name, at: element * DType.f32.size, bytes)
                updateStatus { $0.progress &+= 1 }
            }
        }
        return try writer.finish()
    }
}
