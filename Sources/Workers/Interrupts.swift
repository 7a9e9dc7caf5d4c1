import Glibc
import Synchronization

/// Counts the interrupts (SIGINT, SIGTERM, SIGHUP) that reached this process since `catchAll`.
enum Interrupts {
    private static let received = Atomic<Int>(0)

    static var count: Int { received.load(ordering: .relaxed) }

    /// A hang-up is left alone where it is ignored: the run was started to outlive its terminal.
    static func catchAll() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in Interrupts.received.add(1, ordering: .relaxed) }
        sigemptyset(&action.sa_mask)
        var caught = sigset_t()
        sigemptyset(&caught)
        for signal in [SIGINT, SIGTERM, SIGHUP] where signal != SIGHUP || !isIgnored(signal) {
            sigaction(signal, &action, nil)
            sigaddset(&caught, signal)
        }
        // Whoever started this process may have blocked them.
        pthread_sigmask(SIG_UNBLOCK, &caught, nil)
        // A limit on the size of files is an error of the write then.
        for signal in [SIGPIPE, SIGXFSZ] { Glibc.signal(signal, SIG_IGN) }
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        sigaction(signal, nil, &action)
        return action.__sigaction_handler.sa_handler.map { unsafeBitCast($0, to: Int.self) } == 1  // SIG_IGN
    }
}
