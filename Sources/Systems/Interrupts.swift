import Glibc
import Synchronization

/// Counts the interrupts (SIGINT, SIGTERM, SIGHUP) that reached this process since `catchAll`, and whether it was asked to
/// pause (SIGTSTP: Ctrl-Z).
///
/// SIGUSR1 is a cluster's notice that it will take the machine back: it counts once, however often it comes. So does SIGTERM
/// in a job, whose manager may send it along several ways, and ends by SIGKILL what takes too long.
package enum Interrupts {
    private static let received = Atomic<Int>(0)
    private static let notices = Atomic<Int>(0)
    private static let pauses = Atomic<Int>(0)
    private static let hasBegun = Atomic<Bool>(false)
    private static let isInJob = Atomic<Bool>(false)

    package static var count: Int {
        max(received.load(ordering: .relaxed), notices.load(ordering: .relaxed) > 0 ? 1 : 0)
    }

    /// Whether a job's manager signals all processes of a run at once.
    package static var areOfJob: Bool { isInJob.load(ordering: .relaxed) || getenv("SLURM_JOB_ID") != nil }

    /// This process is one of a job's.
    package static func enterJob() { isInJob.store(true, ordering: .relaxed) }

    /// Whether it was asked to pause; once for each time.
    package static func takePause() -> Bool { pauses.exchange(0, ordering: .relaxed) > 0 }

    /// A hang-up is left alone where it is ignored: the run was started to outlive its terminal. So is Ctrl-Z.
    package static func catchAll() {
        var caught = sigset_t()
        sigemptyset(&caught)
        for signal in [SIGINT, SIGTERM, SIGHUP] where signal != SIGHUP || !isIgnored(signal) {
            handle(signal) { _ in Interrupts.received.add(1, ordering: .relaxed) }
            sigaddset(&caught, signal)
        }
        for signal in areOfJob ? [SIGUSR1, SIGTERM] : [SIGUSR1] {
            handle(signal) { _ in Interrupts.notices.add(1, ordering: .relaxed) }
            sigaddset(&caught, signal)
        }
        if !isIgnored(SIGTSTP) {
            handle(SIGTSTP, pausing)
            sigaddset(&caught, SIGTSTP)
        }
        // Whoever started this process may have blocked them.
        pthread_sigmask(SIG_UNBLOCK, &caught, nil)
        // A limit on the size of files is an error of the write then.
        for signal in [SIGPIPE, SIGXFSZ] { Glibc.signal(signal, SIG_IGN) }
    }

    /// Of a worker in a job: until its run begins, interrupts and notices end this process; from then on its coordinator, which
    /// gets them too, says what happens.
    package static func leaveToCoordinator() {
        var caught = sigset_t()
        sigemptyset(&caught)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
            handle(signal) { _ in
                if !Interrupts.hasBegun.load(ordering: .relaxed) { _exit(ExitCode.interrupted.rawValue) }
            }
            sigaddset(&caught, signal)
        }
        pthread_sigmask(SIG_UNBLOCK, &caught, nil)
    }

    /// The run of a worker in a job begins.
    package static func begin() { hasBegun.store(true, ordering: .relaxed) }

    /// From now on Ctrl-C ends this process at once, as done: of a command that shows something until its user has seen
    /// enough. So does SIGTERM.
    package static func endAsDone() {
        var caught = sigset_t()
        sigemptyset(&caught)
        for signal in [SIGINT, SIGTERM] {
            handle(signal) { _ in _exit(ExitCode.done.rawValue) }
            sigaddset(&caught, signal)
        }
        // Whoever started this process may have blocked them.
        pthread_sigmask(SIG_UNBLOCK, &caught, nil)
    }

    /// Stops this process as Ctrl-Z does where nothing catches it; returns once it goes on. Where there is no shell that
    /// could let it go on, the system does not stop it.
    package static func pause() {
        signal(SIGTSTP, SIG_DFL)
        raise(SIGTSTP)
        handle(SIGTSTP, pausing)
    }

    private static let pausing: @convention(c) (Int32) -> Void = { _ in Interrupts.pauses.add(1, ordering: .relaxed) }

    private static func handle(_ signal: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = handler
        sigemptyset(&action.sa_mask)
        sigaction(signal, &action, nil)
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        sigaction(signal, nil, &action)
        return action.__sigaction_handler.sa_handler.map { unsafeBitCast($0, to: Int.self) } == 1  // SIG_IGN
    }
}
