import Foundation
import Reports
import Runs
import Scheduling
import Testing

@Suite struct ClockCurveTests {
    /// A clock that is off and drifts, as 100 ppm of quartz and a change of temperature let it.
    struct Clock {
        let offset: Int64
        let drift: Double
        let start: UInt64 = 5_000_000_000_000

        func own(_ coordinator: UInt64) -> UInt64 {
            let seconds = Double(Int64(coordinator) - Int64(start)) / 1e9
            let wander = 2_000 * sin(seconds / 40)
            return UInt64(Int64(coordinator) - offset + Int64(seconds * drift * 1_000 + wander))
        }

        /// Every two seconds; some of them bad.
        func readings(seconds: Int, error: (Int) -> UInt64) -> [ClockReading] {
            (0..<seconds / 2).map { index in
                let time = start + UInt64(index) * 2_000_000_000
                let error = error(index)
                let shift = index.isMultiple(of: 2) ? Int64(error) : -Int64(error)
                return ClockReading(
                    own: own(time), coordinator: UInt64(Int64(time) + shift), error: error)
            }
        }
    }

    @Test(arguments: [(-3_600_000_000_000, 60), (40_000_000, -90), (900_000, 0)] as [(Int64, Double)])
    func `times are within the bound`(offset: Int64, drift: Double) throws {
        let clock = Clock(offset: offset, drift: drift)
        let readings = clock.readings(seconds: 120) { $0 % 7 == 3 ? 8_000_000 : 30_000 }
        let curve = try #require(ClockCurve(readings))
        let times = (0..<1_300).map { clock.start - 500_000_000 + UInt64($0) * 100_000_000 }
        let bound = curve.error(from: clock.own(times[0]), to: clock.own(times[1_299]))
        #expect(bound < 1_500_000, "the bad readings do not count")
        var last: UInt64 = 0
        for time in times {
            let found = curve.coordinator(clock.own(time))
            #expect(found >= last)
            last = found
            #expect(max(found, time) - min(found, time) <= bound + 1_000, "at \(time)")
        }
    }

    @Test func `one clock is known as one`() throws {
        let clock = Clock(offset: 0, drift: 0)
        let readings = (0..<9).map { index -> ClockReading in
            let time = clock.start + UInt64(index) * 2_000_000_000
            let error = UInt64(20_000 + 1_000 * index)
            return ClockReading(own: time, coordinator: time + error * UInt64(index % 2), error: error)
        }
        let curve = try #require(ClockCurve(readings))
        #expect(curve.coordinator(clock.start + 77) == clock.start + 77)
        #expect(curve.error(from: 0, to: .max) == 20_000)
        #expect(ClockCurve([]) == nil)
    }

    /// Whatever a file says, nothing traps.
    @Test func `wild readings never trap`() throws {
        let wild: [UInt64] = [0, 1, 1 << 40, (1 << 60) - 1]
        for own in wild {
            for coordinator in wild {
                for error in wild {
                    let readings = [
                        ClockReading(own: own, coordinator: coordinator, error: error),
                        ClockReading(own: coordinator, coordinator: own, error: 5),
                        ClockReading(own: own &+ 9, coordinator: coordinator &+ 3, error: 0),
                    ]
                    let curve = try #require(ClockCurve(readings))
                    let times = wild.map { curve.coordinator($0) }
                    #expect(times == times.sorted())
                    _ = curve.error(from: own, to: max(own, coordinator))
                }
            }
        }
    }

    // MARK: A run

    /// A run whose ranks' clocks are off and drift makes the same report as one on one clock, to the clocks' error.
    @Test func `a run on drifting clocks makes the same report`() throws {
        var run = FabricatedRun(steps: 40)
        run.latency = { $0 == 1 && $1 == 2 ? 5_000_000 : 0 }
        let same = try run.report()
        let clocks = (0..<4).map { Clock(offset: Int64($0) * -7_000_000_000, drift: Double($0) * 30) }
        let logs = run.logs().map { log -> RankLog in
            var log = log
            let clock = clocks[log.rank]
            for index in log.events.indices {
                log.events[index].start = clock.own(clock.start + log.events[index].start)
                log.events[index].end = clock.own(clock.start + log.events[index].end)
                if let peer = log.events[index].peer, log.events[index].sent > 0 {
                    log.events[index].sent = clocks[peer].own(clock.start + log.events[index].sent)
                }
            }
            log.readings = clock.readings(seconds: 40) { _ in 20_000 }
            return log
        }
        let path = FileManager.default.temporaryDirectory.path + "/clocks-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let directory = RunDirectory(path)
        try directory.write(run.description)
        for log in logs {
            var header = log
            header.events = []
            let writer = try EventFileWriter(path: directory.eventsPath(rank: log.rank), log: header)
            for reading in log.readings.prefix(2) { try writer.append(reading) }
            try writer.append(log.events)
            for reading in log.readings.dropFirst(2) { try writer.append(reading) }
            try writer.close()
        }
        let report = try directory.report()
        #expect(report.headline.cause == .transfer && report.headline.stages == same.headline.stages)
        #expect(
            report.notes.contains { $0.hasPrefix("clocks agree within 0.0") || $0.hasPrefix("clocks agree within 0.1") }
        )
        var follower = RunFollower(directory)
        try follower.refresh()
        #expect(try follower.report() == report, "who follows a run reads its clocks too")
        for cause in Category.allCases {
            let (got, expected) = (report[cause]?.share ?? 0, same[cause]?.share ?? 0)
            #expect(abs(got - expected) < 0.004, "\(cause): \(got), not \(expected)")
        }
    }
}
