import CKernels
import COneDNN

/// A device's compute threads: OpenMP's, on which oneDNN's products run too, so that each core has one.
///
/// Who computes what depends on the sizes and the number of threads alone.
struct ComputeThreads: Sendable {
    let count: Int
    /// Fewer elements than this stay on one thread: waking another takes as long as some ten thousand elements.
    static let grain = 1 << 15

    /// Runs `body` for 0 ..< parts, on as many threads as there are.
    func run(_ parts: Int, _ body: (Int) -> Void) {
        guard count > 1, parts > 1 else { return (0..<parts).forEach(body) }
        withoutActuallyEscaping(body) { body in
            var job = Job(parts: parts, body: body)
            withUnsafeMutablePointer(to: &job) { job in
                od_parallel(Int32(clamping: min(count, parts)), od_task(run: Job.run, context: job))
            }
        }
    }

    /// Runs `body` on consecutive ranges that make up 0 ..< units, each unit being so many elements. Ranges begin at
    /// multiples of `alignment`, so that no two threads write to one cache line.
    func split(_ units: Int, of elements: Int = 1, alignment: Int = 1, _ body: (Range<Int>) -> Void) {
        let worthwhile = units * max(elements, 1) / Self.grain
        let parts = max(1, min(count, worthwhile, units / max(alignment, 1)))
        func bound(_ part: Int) -> Int { part == parts ? units : units * part / parts / alignment * alignment }
        run(parts) { body(bound($0)..<bound($0 + 1)) }
    }

    /// Keeps the calling thread on the first core and OpenMP's others on one of the rest each.
    func pin(to cores: [Int]) {
        guard count > 1, cores.count == count else { return }
        run(count) { thread in _ = ck_pin_thread_to_cores([Int32(cores[thread])], 1) }
    }

    private struct Job {
        let parts: Int
        let body: (Int) -> Void

        /// Parts go round the threads, so that all are done even where OpenMP grants fewer.
        static let run: @convention(c) (UnsafeMutableRawPointer?, Int32, Int32) -> Void = { job, thread, threads in
            guard let job = job?.assumingMemoryBound(to: Job.self).pointee else { return }
            for part in stride(from: Int(thread), to: job.parts, by: Int(threads)) { job.body(part) }
        }
    }
}
