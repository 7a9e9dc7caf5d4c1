import Runs

/// What a run is at, in Prometheus' text format, version 0.0.4: what `/metrics` answers.
/// https://prometheus.io/docs/instrumenting/exposition_formats
struct PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""
    private let run: String

    /// - Parameter evaluation: the newest.
    init(_ status: LiveStatus, evaluation: EvaluationMetrics? = nil) {
        run = "run=\"\(Self.escape(status.name))\""
        add("run_up", "1 while the run goes on.", [("", status.isGoingOn ? 1 : 0)])
        add("train_planned_steps", "Steps of the whole run.", [("", Double(status.steps))])
        if let metrics = status.metrics { add(metrics, tokens: status.tokens) }
        if let evaluation { add(evaluation) }
        let ranks = status.ranks.map { (",rank=\"\($0.rank)\",device=\"\(Self.escape($0.device))\"", $0) }
        add(
            "pipeline_rank_bubble_fraction", "Idle over wall of a rank's last step.",
            ranks.compactMap { label, rank in rank.bubbleFraction.map { (label, $0) } })
        add(
            "memory_peak_bytes", "Most resident memory of a rank so far.",
            ranks.filter { $1.peakBytes > 0 }.map { ($0, Double($1.peakBytes)) })
    }

    private mutating func add(_ step: StepMetrics, tokens: Int?) {
        add("train_steps_total", "Steps that are done.", [("", Double(step.step))], type: "counter")
        if let tokens {
            add(
                "train_tokens_total", "Tokens of the steps that are done.", [("", Double(tokens))],
                type: "counter")
        }
        let gauges: [(String, String, Double?)] = [
            ("train_loss", "Mean loss of the last step, in nats a target.", step.loss),
            ("train_learning_rate", "Learning rate of the last step.", step.lr),
            ("train_gradient_norm", "Norm of the last step's gradients, before clipping.", step.gradNorm),
            (
                "train_loss_scale", "What the loss is multiplied with, so that gradients in f16 stay above 0.",
                step.lossScale
            ),
            ("train_tokens_per_second", "Tokens a second of the last step.", step.tokensPerS),
            ("train_step_seconds", "How long the last step took.", step.stepS),
            ("pipeline_bubble_fraction", "Idle over wall of all ranks in the last step.", step.bubbleFraction),
        ]
        for (name, help, value) in gauges { add(name, help, value.map { [("", $0)] } ?? []) }
    }

    private mutating func add(_ point: EvaluationMetrics) {
        add("evaluate_step", "Steps that were done at the last evaluation.", [("", Double(point.step))])
        add("evaluate_loss", "Mean loss on held-out data, in nats a target.", [("", point.loss)])
        add("evaluate_perplexity", "e to the power of that.", [("", point.perplexity)])
    }

    /// - Parameter samples: each with its labels beside the run's: `,rank="0"`.
    private mutating func add(_ name: String, _ help: String, _ samples: [(String, Double)], type: String = "gauge") {
        guard !samples.isEmpty else { return }
        text += "# HELP echelon_\(name) \(help)\n# TYPE echelon_\(name) \(type)\n"
        for (labels, value) in samples { text += "echelon_\(name){\(run)\(labels)} \(Self.number(value))\n" }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.rounded() == value && value.magnitude < 0x1p53 ? "\(Int(value))" : "\(value)"
    }

    private static func escape(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

extension LiveStatus {
    fileprivate var isGoingOn: Bool { state == .starting || state == .running }
}
