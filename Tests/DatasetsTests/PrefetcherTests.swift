import Datasets
import Dispatch
import Synchronization
import Tensors
import Testing

@Suite struct PrefetcherTests {
    @Test(arguments: [1, 2, 5])
    func `hands out every item once in order`(depth: Int) throws {
        let slots = (0..<depth).map { _ in Slot() }
        let prefetcher = try Prefetcher(buffers: slots, count: 1000) { (item, slot) throws(DatasetError) in
            slot.value.withLock { $0 = item * item }
        }
        for i in 0..<1000 {
            let item = try #require(try prefetcher.next())
            #expect(item.index == i && item.buffer.value.withLock { $0 } == i * i)
        }
        #expect(try prefetcher.next() == nil)
        prefetcher.stop()
    }

    @Test func `stays within its buffers and leaves the consumers alone`() throws {
        let taken = Mutex(0)
        let violations = Mutex<[Int]>([])
        let prefetcher = try Prefetcher(buffers: (0..<3).map { _ in Slot() }, count: 500) {
            (item, slot) throws(DatasetError) in
            // While the consumer holds item t − 1, items below t + 2 find a free buffer.
            if item >= taken.withLock({ $0 }) + 3 { violations.withLock { $0.append(item) } }
            slot.value.withLock { $0 = item }
        }
        for i in 0..<500 {
            taken.withLock { $0 = i }
            let item = try #require(try prefetcher.next())
            #expect(item.buffer.value.withLock { $0 } == i)
        }
        #expect(violations.withLock { $0 } == [])
    }

    @Test func `an error surfaces behind the items before it`() throws {
        let failure = DatasetError.setting(name: "x", expected: "y", got: "z")
        let prefetcher = try Prefetcher(buffers: (0..<4).map { _ in Slot() }, count: 10) {
            (item, _) throws(DatasetError) in
            if item == 2 { throw failure }
        }
        #expect(try prefetcher.next()?.index == 0)
        #expect(try prefetcher.next()?.index == 1)
        #expect(throws: failure) { try prefetcher.next() }
        #expect(throws: failure) { try prefetcher.next() }
    }

    @Test func `an item that lies ready is not waited for`() throws {
        let second = DispatchSemaphore(value: 0)
        let prefetcher = try Prefetcher(buffers: [Slot(), Slot()], count: 2, now: { 1 }) {
            (item, _) throws(DatasetError) in
            // The second is begun once the first is done.
            if item == 1 { second.signal() }
        }
        second.wait()
        #expect(try prefetcher.next()?.waitedNanoseconds == 0)
    }

    @Test func `waiting is measured on the given clock`() throws {
        let gate = DispatchSemaphore(value: 0)
        let calls = Mutex(0)
        // The item comes only once the consumer has begun to wait.
        let clock: @Sendable () -> UInt64 = {
            let call = calls.withLock { calls in
                calls += 1
                return calls
            }
            if call == 1 { gate.signal() }
            return call == 1 ? 100 : 350
        }
        let prefetcher = try Prefetcher(buffers: [Slot()], count: 1, now: clock) { (_, _) throws(DatasetError) in
            gate.wait()
        }
        #expect(try prefetcher.next()?.waitedNanoseconds == 250)
    }

    @Test func `stopping joins a producer that waits for a buffer`() throws {
        let produced = Mutex(0)
        let prefetcher = try Prefetcher(buffers: [Slot(), Slot()], count: .max) { (_, _) throws(DatasetError) in
            produced.withLock { $0 += 1 }
        }
        _ = try prefetcher.next()
        prefetcher.stop()
        let count = produced.withLock { $0 }
        #expect(try prefetcher.next() == nil)
        prefetcher.stop()
        #expect(produced.withLock { $0 } == count)
    }

    @Test func `reads ahead of the steps of a dataset`() throws {
        let dataset = try TokenDataset(
            source: RandomTokens(count: 400, vocabulary: 50, seed: 1), sequence: 7, vocabulary: 50)
        let plan = BatchPlan(sampleCount: dataset.sampleCount, micro: 2, microBatches: 3, order: .shuffled(seed: 2))
        let prefetcher = try Prefetcher(dataset, plan, steps: 4..<9, depth: 2)
        let expected = HostBatch(inputBytes: 56, targetBytes: 56)
        for step in 4..<9 {
            for microBatch in 0..<3 {
                let batch = try #require(try prefetcher.next()).buffer
                let layout = try plan.contents(of: dataset, step: step).layouts[microBatch]
                try plan.fill(layout, from: dataset, input: expected.input, target: expected.target)
                #expect(Array(batch.input) == Array(expected.input) && Array(batch.target) == Array(expected.target))
            }
        }
        #expect(try prefetcher.next() == nil)
    }
}

final class Slot: Sendable {
    let value = Mutex(-1)
}
