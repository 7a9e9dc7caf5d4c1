import Glibc
import Reports
public import Runs
import Systems

/// The report of one run as a page that follows it.
///
/// All of it lives on the thread that calls `update`, but for the server. It reads what the run writes, so that the run
/// knows nothing of it.
public struct Dashboard {
    private let board = PageBoard()
    private let server: PageServer
    private var follower: RunFollower?
    private var losses: LossFollower?
    private var page = LivePage(name: "run")
    /// What the newest report was made of.
    private var reportedStep: Int?
    private var reportDueAt = ContinuousClock.now
    private var curveDueAt = ContinuousClock.now
    private var publishedAt = ContinuousClock.now
    private var publishedStatus: LiveStatus?
    private var hadListeners = false

    /// Between two reports; where one takes long to make, ten times that.
    private static let reportInterval = Duration.seconds(2)
    /// A page that says nothing new is published again after that, so that connections nobody reads end.
    private static let publishInterval = Duration.seconds(5)

    /// Listens from now on, with a page that says that there is nothing yet.
    public init(at address: DashboardAddress) throws(DashboardError) {
        board.publish(page: Array(page.html().utf8), status: page.statusData(), isNewReport: false)
        server = try PageServer(board, at: address)
    }

    /// With the port that was chosen, where any would do.
    public var address: DashboardAddress { server.address }
    /// What to open: in a browser on this machine first, then on others; with the token that those need.
    public var urls: [String] { server.urls }
    /// Pages that are kept current.
    package var listenerCount: Int { board.listenerCount }

    /// Shows this run from the next `update` on.
    public mutating func follow(_ directory: RunDirectory) {
        follower = RunFollower(directory)
        losses = LossFollower(directory)
        page.name = (directory.path.split(separator: "/").last.map(String.init) ?? "run").printable(limit: 200)
    }

    /// Looks what the run has done since, and publishes it. To be called about twice a second.
    /// - Parameter isLast: the run is over: nothing comes after this.
    public mutating func update(isLast: Bool = false) {
        let before = page.obstacle
        let hasNewReport = readReport(isLast: isLast)
        let hasNewPage = readLosses(isLast: isLast) || hasNewReport || page.obstacle != before
        readStatus(isLast: isLast)
        let isNews = hasNewPage || page.status != publishedStatus
        if isNews || isLast || publishedAt.duration(to: .now) >= Self.publishInterval {
            publish(isNewReport: hasNewPage, isLast: isLast)
        }
    }

    private mutating func publish(isNewReport: Bool, isLast: Bool) {
        hadListeners = board.listenerCount > 0
        board.publish(
            page: Array(page.html().utf8), status: page.statusData(), metrics: metrics, isNewReport: isNewReport,
            isLast: isLast)
        publishedAt = .now
        publishedStatus = page.status
    }

    private var metrics: [UInt8] {
        let text = page.status.map { PrometheusText($0, evaluation: losses?.curve.evaluations.last).text }
        return Array((text ?? "").utf8)
    }

    /// Gives those who listen a moment to hear of the last update and to fetch the last page, then ends. Returns when
    /// nothing of it is left.
    public func close() {
        if hadListeners { usleep(1_000_000) }
        server.stop()
    }

    // MARK: The run

    private mutating func readStatus(isLast: Bool) {
        guard let follower, var status = try? LiveStatus.current(follower.directory) else { return }
        if isLast, status.state != .done { status.state = .failed }
        page.status = status
        page.name = status.name
    }

    /// - Returns: whether the curve is another one than on the page.
    private mutating func readLosses(isLast: Bool) -> Bool {
        guard losses?.refresh() == true || losses?.curve != page.curve, isLast || curveDueAt <= .now else {
            return false
        }
        guard let curve = losses?.curve, curve != page.curve else { return false }
        page.curve = curve
        curveDueAt = .now + Self.reportInterval
        return true
    }

    /// - Returns: whether there is a new one.
    private mutating func readReport(isLast: Bool) -> Bool {
        do {
            try follower?.refresh()
            guard let step = follower?.lastStep, step != reportedStep else {
                if follower?.isTooLarge == true { page.obstacle = Self.tooLarge }
                return false
            }
            guard isLast || reportDueAt <= .now else { return false }
            let start = Self.workTime
            let report = try follower?.report()
            let pause = max(Self.reportInterval, (Self.workTime - start) * 10)
            reportDueAt = ContinuousClock.now.advanced(by: pause)
            reportedStep = step
            page.report = report ?? page.report
            return report != nil
        } catch {
            page.obstacle = "\(error)"
            return false
        }
    }

    /// Of this thread, without what it waited for a core.
    private static var workTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }

    private static let tooLarge =
        "A step of this run is too large for a report while it goes on; `echelon report` makes one from its directory."
}
