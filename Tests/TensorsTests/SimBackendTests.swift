import Tensors
import Testing

@Suite struct SimBackendTests {
    private func elapsed(_ body: () -> Void) -> Double {
        let duration = ContinuousClock().measure(body)
        return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    @Test func `work takes at least its time`() {
        let byUnit = SimBackend(device: "sim:0", pace: .secondsPerUnit(0.004))
        #expect(elapsed { byUnit.simulate(Work(flops: 1e15, units: 2)) } >= 0.008)
        let byRate = SimBackend(device: "sim:0", pace: .flopsPerSecond(1e9))
        #expect(elapsed { byRate.simulate(Work(flops: 3e6, units: 1e6)) } >= 0.003)
    }

    @Test func `bytes are stored and copied`() throws {
        let backend = SimBackend(device: "sim:0", pace: .secondsPerUnit(0))
        let spec = TensorSpec([3], .i32)
        let (x, y) = (
            Tensor(try backend.allocate(byteCount: 12), spec: spec),
            Tensor(try backend.allocate(byteCount: 12), spec: spec)
        )
        #expect(backend.hostView(x).map { [UInt8]($0) } == [UInt8](repeating: 0, count: 12))
        let bytes = (0..<12).map { UInt8($0) }
        bytes.withUnsafeBytes { backend.upload($0, to: x) }
        backend.copy(x, to: y)
        var back = [UInt8](repeating: 0, count: 12)
        back.withUnsafeMutableBytes { backend.download(y, to: $0) }
        #expect(back == bytes)
    }

    @Test func `nothing is computed`() throws {
        let backend = SimBackend(device: "sim:3", pace: .secondsPerUnit(0))
        let x = Tensor(try backend.allocate(byteCount: 4), spec: TensorSpec([1]))
        #expect(!backend.computes)
        #expect(backend.device == "sim:3")
        #expect(backend.sum(x).isNaN)
        #expect(backend.sumOfSquares(x) == 0)
    }
}

@Suite struct BusyClockTests {
    @Test func `late wakings do not add up`() {
        var clock = BusyClock()
        var now: Int64 = 1000
        for piece in 1...100 {
            let deadline = clock.begin(50, now: now)
            #expect(deadline == 1000 + Int64(piece) * 50)
            now = deadline + Int64(piece % 7)
            clock.woke(now: now)
        }
    }

    @Test func `idle time is not credited`() {
        var clock = BusyClock()
        _ = clock.begin(50, now: 1000)
        clock.woke(now: 1053)
        // 400 pass between waking and the next piece, which starts 400 after the device became free.
        #expect(clock.begin(50, now: 1453) == 1050 + 400 + 50)
    }

    @Test func `waking late by more than the next piece takes delays nothing after it`() {
        var clock = BusyClock()
        _ = clock.begin(10, now: 0)
        clock.woke(now: 100)
        #expect(clock.begin(10, now: 100) == 20)
        clock.woke(now: 101)
        #expect(clock.begin(10, now: 101) == 30)
    }
}
