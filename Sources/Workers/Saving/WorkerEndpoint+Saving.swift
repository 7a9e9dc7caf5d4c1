import Checkpoints
import Stages
import Transport

extension WorkerEndpoint {
    /// Fills a rank's parameters into a file that the coordinator made. Each tensor counts as progress.
    /// - Returns: how many bytes of data it wrote.
    func save(_ executors: [StageExecutor], to writer: SafetensorsWriter) throws -> Int {
        updateStatus {
            $0.phase = .saving
            $0.progress &+= 1
        }
        for executor in executors {
            try executor.saveParameters { name, bytes throws(CheckpointError) in
                try writer.write(name, bytes)
                updateStatus { $0.progress &+= 1 }
            }
        }
        return try writer.finish()
    }
}
