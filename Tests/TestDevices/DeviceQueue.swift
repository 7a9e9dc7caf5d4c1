import Foundation
import Synchronization
import Tensors

/// Runs what it is given on one thread of its own, in order: a device's stream.
final class DeviceQueue: Sendable {
    private struct State {
        var work: [@Sendable () -> Void] = []
        var added = 0
        var done = 0
        var isStopped = false
        /// By mark.
        var times: [UInt64] = []
    }

    private let state = Mutex(State())
    private let changed = NSCondition()

    init() {
        let thread = Thread { [self] in
            while let next = take() {
                next()
                change { $0.done += 1 }
            }
        }
        thread.start()
    }

    func add(_ work: @escaping @Sendable () -> Void) {
        change {
            $0.work.append(work)
            $0.added += 1
        }
    }

    func mark() -> DeviceMark {
        let index = state.withLock { state in
            state.times.append(0)
            return state.times.count - 1
        }
        add { [self] in
            let now = DispatchTime.now().uptimeNanoseconds
            state.withLock { $0.times[index] = now }
        }
        return DeviceMark(UInt64(index))
    }

    func times(of marks: [DeviceMark]) -> [UInt64] {
        wait()
        return state.withLock { state in marks.map { state.times[Int($0.value)] } }
    }

    /// Returns when all that was added is done.
    func wait() {
        changed.lock()
        while !state.withLock({ $0.done == $0.added || $0.isStopped }) { changed.wait() }
        changed.unlock()
    }

    func stop() { change { $0.isStopped = true } }

    private func change(_ body: (inout State) -> Void) {
        changed.lock()
        state.withLock { body(&$0) }
        changed.broadcast()
        changed.unlock()
    }

    private func take() -> (@Sendable () -> Void)? {
        changed.lock()
        defer { changed.unlock() }
        while state.withLock({ $0.work.isEmpty && !$0.isStopped }) { changed.wait() }
        return state.withLock { $0.isStopped ? nil : $0.work.removeFirst() }
    }
}
