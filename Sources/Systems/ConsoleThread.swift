import Glibc

/// Writes to standard output and error on a thread of its own, in order: a reader that does not read holds up nobody.
package final class ConsoleThread {
    private struct State {
        var waiting: [(bytes: [UInt8], descriptor: Int32)] = []
        var bytesWaiting = 0
        var isWriting = false
        var isEnding = false
        var failures: [Int32: SystemError] = [:]
    }

    private let state = Shared(State())
    private let limit: Int
    private let thread: JoinableThread
    private var hasEnded = false

    /// - Parameter limit: bytes that wait at most. Text beyond waits with whoever writes it.
    package init(limit: Int = 16 << 20) throws(SystemError) {
        self.limit = limit
        let state = state
        thread = try JoinableThread(name: "console") { Self.write(state) }
    }

    /// Why nothing can be written to it any more: all text since then is lost.
    package func failure(of descriptor: Int32) -> SystemError? { state.withLock { $0.failures[descriptor] } }

    /// Hands text over; returns at once unless very much waits already.
    /// - Parameter isUrged: asked again and again meanwhile; true: drops the text and returns.
    package func write(_ text: String, to descriptor: Int32, unless isUrged: () -> Bool = { false }) {
        let bytes = Array(text.utf8)
        while !isUrged() {
            let soon = MonotonicClock.now + 50_000_000
            let isTaken = state.wait(until: soon) { state -> Bool? in
                guard state.bytesWaiting < limit || state.failures[descriptor] != nil else { return nil }
                return true
            }
            guard isTaken != nil else { continue }
            return state.update { state in
                state.waiting.append((bytes, descriptor))
                state.bytesWaiting += bytes.count
            }
        }
    }

    /// Hands over what the next of its kind replaces: dropped where other text still waits.
    package func offer(_ text: String, to descriptor: Int32) {
        guard state.withLock({ $0.waiting.isEmpty && !$0.isWriting }) else { return }
        write(text, to: descriptor)
    }

    deinit { end { true } }

    /// Waits until all is written, at most until `isUrged` says that it takes too long, and ends the thread.
    package func end(unless isUrged: () -> Bool) {
        guard !hasEnded else { return }
        hasEnded = true
        while true {
            let soon = MonotonicClock.now + 50_000_000
            if state.wait(until: soon, { $0.waiting.isEmpty && !$0.isWriting ? true : nil }) != nil { break }
            if isUrged() { break }
        }
        state.update { state in
            state.isEnding = true
            state.waiting = []
        }
        // A terminal that is held (Ctrl-S) keeps a write for ever. The process ends soon, and the thread with it.
        guard state.wait(until: MonotonicClock.now + 500_000_000, { $0.isWriting ? nil : true }) != nil else {
            _ = Unmanaged.passRetained(thread)
            return
        }
        thread.join()
    }

    // MARK: The thread

    private static func write(_ state: Shared<State>) {
        while true {
            let next = state.wait { state -> (bytes: [UInt8], descriptor: Int32)?? in
                guard !state.waiting.isEmpty else { return state.isEnding ? .some(nil) : nil }
                state.isWriting = true
                return state.waiting.removeFirst()
            }
            guard case .some(.some(let next)) = next else { return }
            let isLost = state.withLock { $0.failures[next.descriptor] != nil }
            let failure = isLost ? nil : write(next.bytes, to: next.descriptor, state)
            state.update { state in
                state.isWriting = false
                state.bytesWaiting -= next.bytes.count
                if let failure { state.failures[next.descriptor] = failure }
            }
        }
    }

    /// In pieces that a pipe with room takes without blocking, so that the end of the process need not wait for a reader.
    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ state: Shared<State>) -> SystemError? {
        var rest = bytes[...]
        while !rest.isEmpty {
            var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&room, 1, 50) <= 0 {
                if state.withLock({ $0.isEnding }) { return nil }
                continue
            }
            let piece = rest.prefix(Int(PIPE_BUF))
            let count = piece.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                return SystemError("write", Console.name(of: descriptor))
            }
            rest = rest.dropFirst(count)
        }
        return nil
    }
}
