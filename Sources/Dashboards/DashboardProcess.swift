import Foundation
import Glibc
public import Reports

/// The whole life of a process that serves a page: beside a run that `train` started, or by itself.
///
/// A process of its own, and less urgent than others: what it does, and what is done to it, is not the run's loss.
public enum DashboardProcess {
    /// Serves the page of a run that is there, until the process is ended.
    public static func run(_ directory: RunDirectory, at address: DashboardAddress) throws -> Never {
        _ = try directory.description()
        prepare()
        var dashboard = try Dashboard(at: address)
        dashboard.follow(directory)
        announce(dashboard)
        while true {
            dashboard.update()
            usleep(500_000)
        }
    }

    /// Serves the page of the run whose directory the first line of standard input names; standard input ends when the
    /// run does.
    public static func runBesideRun(at address: DashboardAddress) throws {
        prepare()
        var dashboard = try Dashboard(at: address)
        announce(dashboard)
        var lifeline = Lifeline(STDIN_FILENO)
        while !lifeline.hasEnded {
            if let line = lifeline.line(within: 500) { dashboard.follow(RunDirectory(line)) }
            dashboard.update(isLast: lifeline.hasEnded)
        }
        dashboard.close()
    }

    private static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        _ = nice(10)
    }

    private static func announce(_ dashboard: Dashboard) {
        let line = Array((dashboard.address.url + "\n").utf8)
        _ = write(STDOUT_FILENO, line, line.count)
    }
}
