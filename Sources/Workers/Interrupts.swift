import Glibc
import Synchronization

/// Counts the interrupts (SIGINT, SIGTERM, SIGHUP) that reached this process since `catchAll`.
enum Interrupts {
    private static let received = Atomic<Int>(0)

    static var count: Int { received.load(ordering: .relaxed) }

    static func catchAll() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in Interrupts.received.add(1, ordering: .relaxed) }
        sigemptyset(&action.sa_mask)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaction(signal, &action, nil) }
        signal(SIGPIPE, SIG_IGN)
    }
}
