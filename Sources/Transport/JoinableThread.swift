internal import CZeroMQ

#if canImport(Glibc)
    import Glibc
#endif

/// An operating-system thread that must be joined. It takes no signals: those belong to the main thread.
package final class JoinableThread: @unchecked Sendable {
    private var handle = pthread_t()
    private var isJoined = false

    private final class Body {
        let run: @Sendable () -> Void
        let name: String
        init(_ run: @escaping @Sendable () -> Void, name: String) {
            self.run = run
            self.name = name
        }
    }

    /// Starts at once. `name` is what tools show, at most 15 bytes.
    package init(name: String, _ run: @escaping @Sendable () -> Void) throws(TransportError) {
        let body = Unmanaged.passRetained(Body(run, name: name))
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let code = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                thread_set_name(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            body.release()
            isJoined = true
            throw .system("start thread \(name)", code: code)
        }
    }

    /// Waits for the thread's end. Call once.
    package func join() {
        precondition(!isJoined, "a thread is joined once")
        pthread_join(handle, nil)
        isJoined = true
    }

    deinit { precondition(isJoined, "a thread that nobody joined") }
}
