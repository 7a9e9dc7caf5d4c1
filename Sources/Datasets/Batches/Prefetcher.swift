internal import Systems

/// Produces items on a thread of its own, ahead of who consumes them, in a ring of reused buffers.
///
/// One consumer calls `next`. The buffer it gets is its own until it calls `next` or `stop`.
package final class Prefetcher<Buffer: Sendable>: Sendable {
    /// Item `index` of the stream, and how long the consumer waited for it (0 when it lay ready).
    package struct Item: Sendable {
        package let index: Int
        package let buffer: Buffer
        package let waitedNanoseconds: UInt64
    }

    /// Fills the buffer with item `index`. Runs on the prefetcher's thread.
    package typealias Produce = @Sendable (_ index: Int, _ buffer: Buffer) throws(DatasetError) -> Void

    private let ring: PrefetchRing
    private let buffers: [Buffer]
    private let now: @Sendable () -> UInt64
    private let thread: JoinableThread

    /// Starts producing items 0 ..< count, at most `buffers.count` of them ahead. `now` is a clock in nanoseconds. Throws
    /// when no thread can be started.
    package init(
        buffers: [Buffer], count: Int, now: (@Sendable () -> UInt64)? = nil,
        produce: @escaping Produce
    ) throws(DatasetError) {
        precondition(!buffers.isEmpty && count >= 0, "a prefetcher of \(buffers.count) buffers for \(count) items")
        let ring = PrefetchRing(depth: buffers.count, count: count)
        self.ring = ring
        self.buffers = buffers
        self.now = now ?? { MonotonicClock.now }
        let run = { @Sendable in
            while let index = ring.claim() {
                do throws(DatasetError) {
                    try produce(index, buffers[index % buffers.count])
                    ring.deliver()
                } catch {
                    ring.fail(error)
                }
            }
        }
        do {
            thread = try JoinableThread(name: "data", run)
        } catch {
            throw .thread(reason: error.explanation)
        }
    }

    deinit { stop() }

    /// The next item in order; nil behind the last one and after `stop`. Throws the error that ended production, once
    /// all items before it were handed out. Gives the previous item's buffer back.
    package func next() throws(DatasetError) -> Item? {
        guard let (index, waited) = try ring.take(now) else { return nil }
        return Item(index: index, buffer: buffers[index % buffers.count], waitedNanoseconds: waited)
    }

    /// Ends production and joins the thread. Calling it again does nothing.
    package func stop() {
        ring.stop()
        thread.join()
    }
}
