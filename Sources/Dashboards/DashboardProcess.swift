import Glibc
import Reports
public import Runs
import Systems

/// The whole life of a process that serves a page: beside a run that `train` started, or by itself.
///
/// A process of its own, and less urgent than others: what it does, and what is done to it, is not the run's loss.
public struct DashboardProcess {
    private var dashboard: Dashboard
    private var lifeline: Lifeline?

    /// Serves the page until Ctrl-C, which ends the process as done; beside a run, until standard input ends.
    ///
    /// - Parameters:
    ///   - directory: the run's; nil: the first line of standard input names it.
    ///   - address: where to serve it.
    ///   - isBesideRun: standard input ends when the run does.
    public static func run(_ directory: RunDirectory?, at address: DashboardAddress, isBesideRun: Bool) throws {
        signal(SIGPIPE, SIG_IGN)
        Interrupts.endAsDone()
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        if !isBesideRun { _ = try directory?.description() }
        var process = DashboardProcess(
            dashboard: try Dashboard(at: address), lifeline: isBesideRun ? Lifeline(STDIN_FILENO) : nil)
        if let directory { process.follow(directory) }
        try process.announce(isBesideRun: isBesideRun)
        process.serve()
    }

    private mutating func follow(_ directory: RunDirectory) { dashboard.follow(directory) }

    /// Prints the page's addresses: a line each for people, one line for the run beside it.
    /// - Throws: where nobody can read it: a page at an address that nobody was told serves no one.
    private func announce(isBesideRun: Bool) throws(SystemError) {
        guard !isBesideRun else { return try Console.print(dashboard.urls.joined(separator: " ")) }
        let others = dashboard.urls.dropFirst().map { "from another machine: \($0)" }
        try Console.print((dashboard.urls.prefix(1) + others).joined(separator: "\n"))
    }

    private mutating func serve() {
        while lifeline?.hasEnded != true {
            if lifeline == nil { usleep(500_000) }
            if let line = lifeline?.line(within: 500) { follow(RunDirectory(line)) }
            dashboard.update(isLast: lifeline?.hasEnded == true)
        }
        dashboard.close()
    }
}
