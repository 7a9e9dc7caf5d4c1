import Runs
import Testing
import Transport

@Suite struct RunKeysTests {
    @Test func `both sides derive the same keys, and each worker its own`() throws {
        let keys = RunKeys(RunSecret())
        let coordinator = try keys.coordinator(ranks: [1, 2])
        #expect(coordinator.workers.keys.sorted() == [1, 2])
        for rank in [1, 2] {
            let worker = try keys.worker(rank)
            #expect(worker.coordinator == coordinator.own.publicKey)
            #expect(worker.own.publicKey == coordinator.workers[rank])
        }
        #expect(coordinator.workers[1] != coordinator.workers[2])
        #expect(try RunKeys(RunSecret()).worker(1) != keys.worker(1))
    }
}
