import Glibc
import Synchronization

/// An operating-system thread that must be joined. It takes no signals: those belong to the main thread.
package final class JoinableThread: Sendable {
    private let handle: Mutex<pthread_t?>

    private final class Body {
        let run: @Sendable () -> Void
        let name: String
        init(_ run: @escaping @Sendable () -> Void, name: String) {
            self.run = run
            self.name = name
        }
    }

    /// Starts at once. `name` is what tools show, at most 15 bytes.
    /// - Throws: where the system starts no more threads.
    package init(name: String, _ run: @escaping @Sendable () -> Void) throws(SystemError) {
        let body = Unmanaged.passRetained(Body(run, name: name))
        var thread = pthread_t()
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                try? File.write(body.name.utf8, to: "/proc/thread-self/comm")
                body.run()
                return nil
            }, body.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            body.release()
            throw SystemError("start", "thread \(name)", errno: code)
        }
        handle = Mutex(thread)
    }

    /// Waits for the thread's end. Calling it again does nothing.
    package func join() {
        let thread = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let thread { pthread_join(thread, nil) }
    }

    /// Has the system run the calling thread after others that want the same core. Linux keeps priorities by thread.
    package static func stepBack() { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10) }

    deinit { precondition(handle.withLock { $0 == nil }, "a thread that nobody joined") }
}
