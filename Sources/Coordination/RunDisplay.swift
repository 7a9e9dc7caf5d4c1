import Glibc
import Layers
import Manifests
import Models
import Planning
import Reports
import Runs
import Scheduling
import Systems

/// What the person who started a run sees of it.
final class RunDisplay {
    private let plan: TrainingPlan
    private let output: Coordinator.Output
    /// Whether a bar can be drawn again and again in its place.
    private let hasPlaceForBar: Bool
    private let stop: StopRequest
    private let console: ConsoleThread
    private var isBrokenOutputTold = false
    private var directory = ""
    private var hasBar = false
    private let start = MonotonicClock.now

    init(_ plan: TrainingPlan, _ output: Coordinator.Output, _ stop: StopRequest) throws(RunFailure) {
        self.plan = plan
        self.stop = stop
        self.output = output
        hasPlaceForBar = Terminal.drawsInPlace(STDERR_FILENO)
        do { console = try ConsoleThread() } catch { throw RunFailure(wrapping: error) }
    }

    func begin(directory: String) {
        self.directory = directory
        guard output == .progress else { return }
        say(
            "run \(directory.printable()): \(plan.model.parameterCount.grouped) parameters, \(plan.schedule.name) over "
                + (plan.manifest.replicas > 1 ? "\(plan.manifest.replicas) replicas of " : "")
                + "\(plan.schedule.microBatches) micro-batches of \(plan.manifest.batch.micro), "
                + "\(plan.tokensPerStep.grouped) tokens a step")
        if let trained = plan.trainedText { say("  \(trained)") }
        if let choice = plan.choice { say("  \(choice.text)") }
        for note in plan.manifest.modelNotes { say("  note: \(note)") }
        for stage in plan.layout.stages {
            let ranks = plan.placement.ranks(ofStage: stage.index)
            let devices = plan.deviceText(ofStage: stage.index)
            let workers = ranks.count == 1 ? "worker \(ranks[0])" : "workers \(ranks[0])–\(ranks[ranks.count - 1])"
            let flops = plan.model.entries[stage.entries].reduce(0) { $0 + $1.cost.total }
            let share = flops / max(plan.model.entries.reduce(0) { $0 + $1.cost.total }, 1)
            say(
                "  \(workers) on \(devices): \(plan.describe(stage: stage.index)), \(share.percentText) of the work"
            )
        }
    }

    /// - Parameter hasKeys: whether the worker proves itself by a key of its own, from whatever machine.
    func askFor(rank: Int, address: String, hasKeys: Bool) {
        let path = directory + "/pipeline.yaml"
        let absolute = (try? File.absolute(path)) ?? path
        say(
            "waiting for worker \(rank); start it \(hasKeys ? "on its machine" : "in another terminal"):\n"
                + "  \(Self.absoluteProgram) worker \(absolute.shellQuoted) --rank \(rank) --coordinator \(address)"
                + (hasKeys ? " --keys \(KeyFile.workerName(rank))" : ""),
            always: true)
    }

    func registered(_ rank: Int) {
        if output == .progress, plan.placement.host(of: rank) != .coordinator { say("worker \(rank) is here") }
    }

    func note(_ text: String) { say(text, always: true) }

    /// What need not be said where progress is not shown.
    func tell(_ text: String) { say(text) }

    func show(_ metrics: StepMetrics, flops: Double, durations: [Double]) {
        tellBrokenOutput()
        switch output {
        case .quiet: break
        case .json:
            write(metrics.line() + "\n", to: STDOUT_FILENO)
        case .progress: showProgress(metrics, flops, durations)
        }
    }

    func show(_ evaluation: EvaluationMetrics) {
        tellBrokenOutput()
        switch output {
        case .quiet: break
        case .json: write("{\"evaluation\":\(evaluation.line())}\n", to: STDOUT_FILENO)
        case .progress: say(EvaluationLine(evaluation, of: plan.manifest.steps).plain)
        }
    }

    func show(_ checkpoint: CheckpointMetrics) {
        tellBrokenOutput()
        switch output {
        case .quiet: break
        case .json: write("{\"checkpoint\":\(checkpoint.line())}\n", to: STDOUT_FILENO)
        case .progress: say(CheckpointLine(checkpoint, of: plan.manifest.steps).plain)
        }
    }

    private func showProgress(_ metrics: StepMetrics, _ flops: Double, _ durations: [Double]) {
        let recent = durations.suffix(20).sorted()
        let seconds = recent[recent.count / 2]
        let line = ProgressLine(
            metrics, of: plan.manifest.steps, flopsPerS: flops / metrics.stepS,
            etaSeconds: seconds * Double(plan.manifest.steps - metrics.step))
        let isDue =
            metrics.step == 1 || metrics.step % plan.manifest.logEvery == 0 || metrics.step == plan.manifest.steps
        if isDue { say(line.plain) }
        if hasPlaceForBar, !isDue || metrics.step < plan.manifest.steps {
            console.offer(line.bar(width: Terminal.width(of: STDERR_FILENO)), to: STDERR_FILENO)
            hasBar = true
        }
    }

    /// The last step is done, and the report of a long run takes some seconds to make.
    func reporting(loggedBytes: Int) {
        guard output == .progress else { return }
        clear()
        if hasPlaceForBar {
            console.offer("\rwriting the report …", to: STDERR_FILENO)
            hasBar = true
        } else if loggedBytes > 8 << 20 {
            say("writing the report …")
        }
    }

    /// - Parameters:
    ///   - best: the best evaluation, where the run evaluated.
    ///   - isComplete: whether all is there that a run leaves.
    func finish(_ report: BubbleReport?, best: EvaluationMetrics?, isComplete: Bool) {
        clear()
        guard output == .progress else { return }
        if let report {
            say(report.headline.sentence + (report.headline.fix.map { "\n  → " + $0 } ?? ""))
        }
        if let best {
            say(
                best.step == 0
                    ? "no held-out loss was below the one before training, \(best.lossText)"
                    : "lowest held-out loss: \(best.lossText), behind step \(best.step)"
                        + (plan.manifest.evaluation?.keepsBest == true
                            ? "; those weights are in \((directory + "/best").printable())" : ""))
        }
        let computes = plan.manifest.devices.allSatisfy { $0.kind != .sim }
        let all = computes ? "metrics, events, weights and the report" : "metrics, events and the report"
        let contents = isComplete ? all : (computes ? "the weights, and " : "") + "what could be written of the rest"
        say("done in \(elapsed): \(directory.printable()) holds \(contents); next:")
        say("  \(Self.program) report \(directory.shellQuoted)")
        if plan.obstacleToText == nil {
            say("  \(Self.program) generate \(directory.shellQuoted) --prompt \"The \"")
        }
    }

    /// `2m05s`
    private var elapsed: String {
        let seconds = Int((MonotonicClock.now - start) / 1_000_000_000)
        return seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)s"
    }

    /// This program as it was called, so that what is printed can be called again.
    private static var program: String {
        let name = CommandLine.arguments.first ?? ""
        return name.hasSuffix("/echelon") ? name.shellQuoted : "echelon"
    }

    /// The same from any folder.
    private static var absoluteProgram: String {
        let name = CommandLine.arguments.first ?? ""
        return name.hasSuffix("/echelon") ? Program.path.shellQuoted : "echelon"
    }

    /// The command line that this program was started with, with what makes it go on.
    static func resumeCommand(_ directory: RunDirectory) -> String {
        var words = CommandLine.arguments.dropFirst().map(\.shellQuoted)
        // In a job, what started this process has it go on.
        if words.first == "worker" { return "\(program) \(words.joined(separator: " "))" }
        guard CommandLine.arguments.dropFirst().first == "train" else {
            return
                "\(program) train \(directory.manifestPath.shellQuoted) --run-dir \(directory.path.shellQuoted) --resume auto"
        }
        if let place = words.firstIndex(of: "--resume"), place + 1 < words.count {
            words[place + 1] = "auto"
        } else if !words.contains(where: { $0.hasPrefix("--resume=") }) {
            words += ["--resume", "auto"]
        }
        if !words.contains(where: { $0 == "--run-dir" || $0.hasPrefix("--run-dir=") }) {
            words += ["--run-dir", directory.path.shellQuoted]
        }
        return "\(program) \(words.joined(separator: " "))"
    }

    // MARK: Writing

    /// Takes the bar off the terminal.
    private func clear() {
        if hasBar { write("\r\u{1b}[K", to: STDERR_FILENO) }
        hasBar = false
    }

    private func say(_ text: String, always: Bool = false) {
        guard output == .progress || always else { return }
        clear()
        write(text + "\n", to: output == .progress ? STDOUT_FILENO : STDERR_FILENO)
    }

    private func write(_ text: String, to descriptor: Int32) {
        console.write(text, to: descriptor) { [stop] in stop.count > 0 }
    }

    /// That nobody can read the progress is no reason to stop training.
    private func tellBrokenOutput() {
        guard !isBrokenOutputTold, let failure = console.failure(of: STDOUT_FILENO) else { return }
        isBrokenOutputTold = true
        clear()
        write("echelon: \(failure); training goes on, metrics.jsonl holds every step\n", to: STDERR_FILENO)
    }

    /// The run is complete: waits until all is read.
    /// - Throws: where standard output did not take all of it.
    func end() throws(RunFailure) {
        clear()
        console.end { [stop] in stop.count > 0 }
        guard let failure = console.failure(of: STDOUT_FILENO) else { return }
        throw RunFailure(
            failure.reason == .system(EPIPE) ? .closedPipe : .interrupted,
            "\(failure): not all of the progress was shown; the run is complete in \(directory.printable())")
    }

    /// The run is over: shows what was said so far, but waits for no reader.
    func endEarly() {
        clear()
        let deadline = MonotonicClock.now + 1_000_000_000
        console.end { MonotonicClock.now > deadline }
    }
}
