import Systems
import Testing

struct ResidentMemoryTests {
    @Test func `this process has used some memory`() {
        #expect((ResidentMemory.peak ?? 0) > 1 << 20)
    }

    @Test func `the peak is read from the status file`() {
        #expect(
            ResidentMemory.peak(inStatus: "Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 7 kB\n") == 1_263_616
        )
        #expect(ResidentMemory.peak(inStatus: "VmRSS:\t 7 kB\n") == nil)
        #expect(ResidentMemory.peak(inStatus: "VmHWM:\t nonsense\n") == nil)
        #expect(ResidentMemory.peak(inStatus: "VmHWM:\t 9223372036854775807 kB\n") == nil)
    }
}
