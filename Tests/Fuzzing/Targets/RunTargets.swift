@testable import Reports
@testable import Runs

extension FuzzTarget {
    private static let folder = FuzzFolder("run")
    private static let description = RunDescription(
        name: "x", schedule: "1f1b", microBatches: 2,
        stages: (0..<2).map { StageDescription(rank: $0, firstLayer: $0, layers: ["linear"]) },
        devices: ["cpu:0", "cpu:1"], tokensPerStep: 64)

    /// A run that has its description.
    private static let eventsRun: RunDirectory = {
        let run = RunDirectory(folder.path + "/events")
        folder.makeFolder("events")
        folder.makeFolder("events/events")
        do { try run.write(description) } catch { fatalError("\(error)") }
        return run
    }()

    /// A run's folder, whose files may have been copied, cut or damaged since.
    static let runs = [
        FuzzTarget("events") { bytes in
            let run = eventsRun
            // Halves: bytes of records may be any.
            let parts = [Array(bytes.prefix(bytes.count / 2)), Array(bytes.dropFirst(bytes.count / 2))]
            for (rank, part) in parts.enumerated() { folder.put(part, as: "events/events/rank-000\(rank).events") }
            let logs = try run.logs(eventLimit: RunDirectory.reportEvents).logs
            // What is made of events takes twenty times as long as reading them: for one input in eight.
            guard bytes.reduce(0, &+) % 8 == 0 else { return }
            attempt {
                var follower = RunFollower(run)
                try follower.refresh()
                _ = follower.traffic()
                _ = try follower.report()
            }
            let report = try BubbleReport(description, logs: logs, skip: 0)
            _ = try report.json()
            _ = try report.text() + report.html()
        },
        FuzzTarget("run-files", longest: 4096) { bytes in
            let run = RunDirectory(folder.path)
            let names = ["run.json", "metrics.jsonl", "evaluations.jsonl", "live.json"]
            for (name, part) in zip(names, bytes.parts(4)) { folder.put(part, as: name) }
            attempt { _ = try run.description() }
            attempt { _ = try run.evaluations() }
            attempt { _ = TopView(try LiveStatus.read(run)).text(width: 100, height: 40) }
            var losses = LossFollower(run)
            _ = losses.refresh()
            for line in bytes.parts(4)[1].text.split(separator: "\n") { _ = try StepMetrics(line: String(line)).line() }
        },
    ]
}
