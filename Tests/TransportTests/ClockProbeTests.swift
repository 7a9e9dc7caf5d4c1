import Systems
import Testing
import Transport

/// Clocks that a test sets: no sockets, no time passes.
@Suite struct ClockProbeTests {
    /// A network whose messages take as long as a generator says, and a worker whose clock is off and drifts.
    struct World {
        var random = SplitMix64(seed: 9)
        var now: UInt64 = 1_000_000_000_000
        let offset: Int64
        /// Parts per million that the worker's clock is too fast.
        let drift: Double

        func workerClock(at time: UInt64) -> UInt64 {
            UInt64(Int64(time) + offset + Int64(Double(time - 1_000_000_000_000) * drift / 1e6))
        }

        /// One way: mostly 10 µs, now and then milliseconds.
        mutating func trip() -> UInt64 {
            Bool.random(using: &random) ? 10_000 : UInt64.random(in: 10_000...5_000_000, using: &random)
        }

        mutating func answer(_ probe: inout ClockProbe) throws -> ClockSample? {
            let ping = now
            let pings = (probe.ping(at: ping), probe.ping(at: ping + 1))
            #expect(pings == (true, false), "one ping at a time")
            now += trip()
            let clock = workerClock(at: now)
            now += trip()
            return try probe.answered(ping: ping, clock: clock, at: now)
        }

        /// How far the sample is off.
        func miss(_ sample: ClockSample) -> UInt64 {
            let clock = workerClock(at: sample.coordinator)
            return max(clock, sample.worker) - min(clock, sample.worker)
        }
    }

    @Test(
        arguments: [(0, 0), (-900_000_000_000, 80), (5_000_000_000, -50), (123, 0), (1 << 58, 100)]
            as [(Int64, Double)])
    func `a sample is never further off than it says`(offset: Int64, drift: Double) throws {
        var world = World(offset: offset, drift: drift)
        var probe = ClockProbe()
        var samples: [ClockSample] = []
        for _ in 0..<200 {
            if let sample = try world.answer(&probe) { samples.append(sample) }
            world.now += 200_000_000
        }
        // Forty seconds: the series' sample, and one for each window.
        #expect((15...21).contains(samples.count))
        for sample in samples {
            #expect(world.miss(sample) <= sample.error + sample.error / 1_000 + 2)
            #expect(sample.error < 1_000_000, "of ten answers, one was quick")
        }
    }

    @Test func `a series at the start gives the first sample`() throws {
        var world = World(offset: -7_000_000, drift: 0)
        var probe = ClockProbe()
        for place in 1...ClockProbe.series {
            #expect(probe.isInSeries)
            let sample = try world.answer(&probe)
            #expect((sample != nil) == (place == ClockProbe.series))
        }
        #expect(!probe.isInSeries)
        let told = probe.finish()
        #expect(told == nil)
        let early = try world.answer(&probe)
        let rest = probe.finish()
        #expect(early == nil && rest != nil, "a window that ends early")
    }

    @Test func `answers to no ping are refused`() throws {
        var probe = ClockProbe()
        #expect(throws: TransportError.self) { try probe.answered(ping: 5, clock: 5, at: 6) }
        let isDue = probe.ping(at: 10)
        #expect(isDue)
        #expect(throws: TransportError.self) { try probe.answered(ping: 9, clock: 5, at: 11) }
        #expect(throws: TransportError.self) { try probe.answered(ping: 10, clock: 5, at: 9) }
        #expect(throws: TransportError.self) { try probe.answered(ping: 10, clock: 1 << 60, at: 11) }
        let sample = try probe.answered(ping: 10, clock: 1 << 59, at: 11)
        #expect(sample == nil)
    }
}

extension LiveTests {
    @Suite struct ClockTests {
        /// Fast by an hour and by 200 ppm, and slow by the time since the machine was started.
        static let clocks: [@Sendable (UInt64) -> UInt64] = [
            { $0 + 3_600_000_000_000 + $0 / 5_000 }, { $0 / 2 },
        ]

        @Test(arguments: Medium.allCases)
        func `workers' clocks are known within the bound`(medium: Medium) throws {
            let rig = try Rig(medium, links: [ControlPlaneTests.link]) { worker in
                let clock = Self.clocks[worker.rank]
                worker.clock = { clock(MonotonicClock.now) }
            }
            defer { rig.stop() }
            try rig.start()
            for rank in 0..<2 {
                let sample = try rig.coordinator.see { event -> ClockSample? in
                    guard case .clock(rank, let sample) = event else { return nil }
                    return sample
                }
                let early = Self.clocks[rank](sample.coordinator - sample.error - 1)
                let late = Self.clocks[rank](sample.coordinator + sample.error + 1)
                #expect((early...late).contains(sample.worker))
            }
            try rig.finish()
            // What the last window held comes before the goodbye.
            try rig.coordinator.see(.goodbye(rank: 1))
        }
    }
}
