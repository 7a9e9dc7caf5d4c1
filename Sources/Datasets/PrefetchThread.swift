internal import Glibc
internal import Synchronization

/// An OS thread that runs one closure and is joined once.
final class PrefetchThread: Sendable {
    private let handle: Mutex<pthread_t?>

    init(_ body: @escaping @Sendable () -> Void) throws(DatasetError) {
        let box = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw .thread(reason: String(cString: strerror(code)))
        }
        handle = Mutex(thread)
    }

    deinit { precondition(handle.withLock { $0 == nil }, "a thread that nobody joined") }

    /// Waits for the closure's end. Calling it again does nothing.
    func join() {
        let thread = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let thread { pthread_join(thread, nil) }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
