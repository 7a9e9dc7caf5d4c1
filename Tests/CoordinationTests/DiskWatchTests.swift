import Coordination
import Planning
import TestPlans
import Testing

/// Room for what a run has still to write.
@Suite struct DiskWatchTests {
    @Test func `a disk without room for the rest of a run is told once, with what takes how much`() throws {
        var watch = DiskWatch(try Plans.make(set: ["steps=1000000"]), weights: 3 << 30)
        let written = DiskWatch.Written(steps: 1000, metrics: 700_000, events: 50 << 20)
        let rest = watch.rest(written)
        #expect(rest.metrics == 999_000 * 701 && rest.events == 206 << 20 && rest.weights == 3 << 30)
        let needed = rest.metrics + rest.events + rest.weights
        func warning(_ free: Int) -> String? { watch.warning(free: free, written) }
        #expect(warning(needed) == nil)
        #expect(
            warning(1 << 30)
                == "the run directory's file system has 1.0 GiB free, the rest of the run takes about 3.9 GiB "
                + "(metrics 667.9 MiB, events 206.0 MiB, weights 3.0 GiB): make room; what does not fit will be missing"
        )
        #expect(
            [1 << 20, needed, 1 << 20, 2 * needed, 1 << 20].map { warning($0) != nil } == [
                false, false, false, false, true,
            ])
    }

    @Test func `before the first step the plan says what a step leaves`() throws {
        let watch = DiskWatch(try Plans.make(set: ["steps=1000", "metrics=[]"]), weights: 0)
        let rest = watch.rest(.init())
        #expect(rest.metrics == 1000 * 294)
        #expect(rest.events > 1000 * 56 && rest.events < 256 << 20)
        #expect(watch.rest(.init(steps: 1000, metrics: 1, events: 1)).metrics == 0)
    }

    @Test func `it looks each ten seconds`() throws {
        var watch = DiskWatch(try Plans.make(), weights: 0)
        let times: [UInt64] = [5, 10_000_000_004, 10_000_000_005, 10_000_000_006]
        let isDue = times.map { watch.isDue(now: $0) }
        #expect(isDue == [true, false, true, false])
    }

    @Test func `of a million steps TensorBoard gets each of the first and ever fewer of the later ones`() {
        let kept = (1...1_000_000).filter(MetricsFiles.boardKeeps)
        #expect(kept.prefix(10_002).elementsEqual(Array(1...10_000) + [10_010, 10_020]))
        #expect(kept.suffix(2) == [999_900, 1_000_000])
        #expect(kept.count == 10_000 + 9_000 + 9_000)
    }
}
