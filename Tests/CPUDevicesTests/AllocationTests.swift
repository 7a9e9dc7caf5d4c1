import CPUDevices
import Systems
import Tensors
import Testing

@Suite struct AllocationTests {
    /// The program that asked is told, and may free something and try again; it ended the run as bad input once.
    @Test(arguments: [1 << 60, (1 << 47) + 1])
    func `memory that the machine lacks is an error that trying again may mend`(
        byteCount: Int
    ) throws {
        let backend = CPUBackend(device: "cpu:0", threads: 1)
        let error = #expect(throws: TensorError.self) { try backend.allocate(byteCount: byteCount) }
        #expect(error?.exitCode == .interrupted)
        #expect(error?.description == "memory: expected \(byteCount) bytes, got Cannot allocate memory")
    }
}
