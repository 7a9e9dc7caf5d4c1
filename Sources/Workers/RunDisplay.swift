import Foundation
import Glibc
import Layers
import Manifests
import Models
import Reports
import Scheduling

/// What the person who started a run sees of it.
final class RunDisplay {
    private let plan: TrainingPlan
    private let output: Coordinator.Output
    private let isTerminal: Bool
    private var directory = ""
    private var hasBar = false
    private let start = Clock.nanoseconds

    init(_ plan: TrainingPlan, _ output: Coordinator.Output) {
        self.plan = plan
        self.output = output
        isTerminal = isatty(STDERR_FILENO) == 1
    }

    func begin(directory: String) {
        self.directory = directory
        guard output == .progress else { return }
        say(
            "run \(directory): \(plan.model.parameterCount.grouped) parameters, \(plan.schedule.name) over "
                + "\(plan.schedule.microBatches) micro-batches of \(plan.manifest.batch.micro), "
                + "\(plan.tokensPerStep.grouped) tokens a step")
        for stage in plan.layout.stages {
            let rank = plan.schedule.rankOfStage[stage.index]
            let flops = plan.model.entries[stage.entries].reduce(0) { $0 + $1.cost.total }
            let share = flops / max(plan.model.entries.reduce(0) { $0 + $1.cost.total }, 1)
            say(
                "  worker \(rank) on \(plan.manifest.devices[rank]): \(plan.describe(stage: stage.index)), \(share.percentText) of the work"
            )
        }
    }

    func askFor(rank: Int, address: String) {
        say(
            "waiting for worker \(rank); start it in another terminal:\n"
                + "  \(Self.program) worker \(directory)/pipeline.yaml --rank \(rank) --coordinator \(address)",
            always: true)
    }

    func registered(_ rank: Int) {
        if output == .progress, plan.manifest.byHand.contains(rank) { say("worker \(rank) is here") }
    }

    func note(_ text: String) { say(text, always: true) }

    func show(_ metrics: StepMetrics, durations: [Double]) {
        switch output {
        case .quiet: break
        case .json:
            Console.write(metrics.line() + "\n", to: STDOUT_FILENO)
        case .progress: showProgress(metrics, durations)
        }
    }

    private func showProgress(_ metrics: StepMetrics, _ durations: [Double]) {
        let recent = durations.suffix(20).sorted()
        let seconds = recent[recent.count / 2]
        let line = ProgressLine(
            metrics, of: plan.manifest.steps, flopsPerS: plan.flopsPerStep / metrics.stepS,
            etaSeconds: seconds * Double(plan.manifest.steps - metrics.step))
        let isDue =
            metrics.step == 1 || metrics.step % plan.manifest.logEvery == 0 || metrics.step == plan.manifest.steps
        if isDue { say(line.plain) }
        if isTerminal, !isDue || metrics.step < plan.manifest.steps {
            Console.write(line.bar(width: Self.terminalWidth), to: STDERR_FILENO)
            hasBar = true
        }
    }

    func finish(_ report: BubbleReport?) {
        clear()
        guard output == .progress else { return }
        if let report {
            say(report.headline.sentence + (report.headline.fix.map { "\n  → " + $0 } ?? ""))
        }
        let computes = plan.manifest.devices.allSatisfy { $0.kind != .sim }
        let contents = computes ? "metrics, events, weights and the report" : "metrics, events and the report"
        say("done in \(elapsed): \(directory) holds \(contents); next:")
        say("  \(Self.program) report \(directory)")
        if computes, case .text = plan.manifest.data.source {
            say("  \(Self.program) generate \(directory) --prompt \"The \"")
        }
    }

    /// `2m05s`
    private var elapsed: String {
        let seconds = Int((Clock.nanoseconds - start) / 1_000_000_000)
        return seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)s"
    }

    /// This program as it was called, so that what is printed can be called again.
    private static var program: String {
        let name = CommandLine.arguments.first ?? ""
        return name.hasSuffix("/echelon") ? name : "echelon"
    }

    /// Takes the bar off the terminal.
    func clear() {
        if hasBar { Console.write("\r\u{1b}[K", to: STDERR_FILENO) }
        hasBar = false
    }

    private func say(_ text: String, always: Bool = false) {
        guard output == .progress || always else { return }
        clear()
        if output == .progress {
            Console.write(text + "\n", to: STDOUT_FILENO)
        } else {
            Console.write(text + "\n", to: STDERR_FILENO)
        }
    }

    private static var terminalWidth: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
}
