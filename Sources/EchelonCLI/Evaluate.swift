import ArgumentParser
import Echelon
import Foundation
import Glibc
import Systems

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "A trained model's loss and perplexity on held-out data; with --generate, how many answers are right.",
        discussion: """
            --data is a file of exchanges or conversations in any form that `data prepare` reads, as {"prompt": …, \
            "response": …} a line or a table of such columns; they are rendered by the model's chat template, and of each \
            the answer counts, with the token that ends it. Or it holds ids as they are trained on: lines of \
            {"input_ids": […], "labels": […]}, or a folder that `data prepare` wrote.

            --generate lets the model answer each prompt, its likeliest token each time, and compares answers word for word, \
            but for blanks around them. Many prompts are written at once: they fill the pipeline.

            Neither loss nor answers depend on the number of stages.
            """)

    @Argument(help: "A run directory, its best/ folder, a pretrained model's folder, or a .gguf file.")
    var model: String

    @Option(help: ArgumentHelp("What to evaluate on: a file, or a folder of shards.", valueName: "path"))
    var data: String

    @Option(help: "The first so many samples; all unless given.")
    var samples: Int?

    @Option(
        help: "Cut the model into so many stages, each on a core; as many as there are cores, 8 at most, unless given.")
    var stages: Int?

    @Option(help: "Samples of a micro-batch.")
    var batch: Int = 4

    @Flag(help: "Let the model answer, and count the answers that are right.")
    var generate = false

    @Option(help: "With --generate: show so many wrong answers.")
    var show: Int = 5

    @Option(help: ArgumentHelp("A Jinja file, or the name of a template: chatml", valueName: "file"))
    var chatTemplate: String?

    @Flag(help: "Prompts as they are, without a chat template.")
    var plain = false

    @Flag(help: "Print one JSON object.")
    var json = false

    private static let mostStages = 1024
    private static let mostBatch = 16_384

    func validate() throws {
        for (name, value, range) in [
            ("samples", samples ?? 1, 1...Int(Int32.max)), ("stages", stages ?? 1, 1...Self.mostStages),
            ("batch", batch, 1...Self.mostBatch), ("show", show, 0...1_000_000),
        ] where !range.contains(value) {
            throw ValidationError("--\(name): expected \(range.lowerBound) to \(range.upperBound), got \(value)")
        }
        guard chatTemplate == nil || !plain else {
            throw ValidationError("expected --chat-template or --plain, got both")
        }
    }

    func run() throws {
        try reportingFailures {
            // One core for each stage: libraries read their settings as the process starts.
            try WorkerEnvironment.prepare(threads: 1)
            let source = try ModelSource(path: model)
            let report = EvaluationPrinter(json: json)
            guard case .exchanges(let exchanges) = try HeldOutFile(path: data, limit: samples) else {
                guard !generate, !plain, chatTemplate == nil else {
                    throw RunFailure.badInput(
                        "\(data.printable()): expected texts to answer for --generate, --plain and --chat-template, got "
                            + "token ids")
                }
                return try report.end(try loss(source, nil), nil)
            }
            if let samples, samples > exchanges.count {
                throw RunFailure.badInput("--samples is \(samples), \(data.printable()) holds \(exchanges.count)")
            }
            let coding = try ExchangeCoding(source, template: chatTemplate, isPlain: plain)
            let requests = generate ? try ExactMatch.requests(exchanges, coding) : []
            let metrics = try loss(source, (exchanges, coding))
            guard generate else { return try report.end(metrics, nil) }
            try report.show(metrics)
            try report.end(metrics, try answers(source, exchanges, requests, coding, report))
        }
    }

    private var places: [PipelineManifest.Device] {
        GenerationPlan.devices(stages: stages ?? ModelEvaluation.usualStages)
    }

    private func loss(
        _ source: ModelSource, _ exchanges: (list: [HeldOutExchange], coding: ExchangeCoding)?
    ) throws -> EvaluationMetrics {
        let evaluation = try ModelEvaluation(
            source, data: data, exchanges, devices: places, batch: batch, samples: samples)
        return try evaluation.loss()
    }

    private func answers(
        _ source: ModelSource, _ exchanges: [HeldOutExchange], _ requests: [GenerationRequest],
        _ coding: ExchangeCoding,
        _ report: EvaluationPrinter
    ) throws -> ExactMatch {
        let job = GenerationJob(
            model: model, devices: places.map(\.description),
            positions: requests.map { $0.prompt.count + $0.count }.max() ?? 1, texts: requests.count)
        let plan = try job.plan(source)
        if places.count > 1 { Interrupts.catchAll() }
        let run = try GenerationRun(plan, on: .processes, job: job)
        defer { run.close() }
        return try ExactMatch(exchanges, requests, coding, run, shown: show) { done in
            try report.progress("answer \(done) of \(requests.count)")
        }
    }
}

/// What `evaluate` writes.
struct EvaluationPrinter {
    let json: Bool
    private let hasPlaceForProgress = Terminal.drawsInPlace(STDERR_FILENO)

    init(json: Bool) { self.json = json }

    /// On a terminal, again and again in the same place.
    func progress(_ text: String) throws {
        guard hasPlaceForProgress else { return }
        try Console.write("\r\(text)\u{1b}[K", to: STDERR_FILENO)
    }

    func show(_ metrics: EvaluationMetrics) throws {
        guard !json else { return }
        try Console.print(EvaluationLine.figures(metrics))
    }

    /// - Parameter answers: behind the loss, which is shown already then.
    func end(_ metrics: EvaluationMetrics, _ answers: ExactMatch?) throws {
        if hasPlaceForProgress, answers != nil { try Console.write("\r\u{1b}[K", to: STDERR_FILENO) }
        guard !json else { return try Console.print(try object(metrics, answers)) }
        guard let answers else { return try show(metrics) }
        try Console.print(
            "exact match \(answers.share.percentText)  (\(answers.right) of \(answers.count), "
                + "\(String(format: "%.1f", answers.seconds)) s)")
        guard !answers.wrong.isEmpty else { return }
        try Console.print("wrong, for example:")
        for wrong in answers.wrong {
            try Console.print(
                "  line \(wrong.line): wanted \"\(wrong.wanted.printable(limit: 80))\", got "
                    + "\"\(wrong.got.printable(limit: 80))\"")
        }
    }

    private struct Object: Encodable {
        struct Answers: Encodable {
            struct Wrong: Encodable {
                var line: Int
                var prompt: String
                var wanted: String
                var got: String
            }
            var share: Double
            var right: Int
            var count: Int
            var seconds: Double
            var wrong: [Wrong]
        }
        var loss: Double?
        var perplexity: Double?
        var tokens: Int
        var samples: Int
        var seconds: Double
        var exactMatch: Answers?

        enum CodingKeys: String, CodingKey {
            case loss, perplexity, tokens, samples, seconds
            case exactMatch = "exact_match"
        }
    }

    private func object(_ metrics: EvaluationMetrics, _ answers: ExactMatch?) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let object = Object(
            loss: metrics.loss.isFinite ? metrics.loss : nil,
            perplexity: metrics.perplexity.isFinite ? metrics.perplexity : nil, tokens: metrics.tokens,
            samples: metrics.samples, seconds: metrics.seconds,
            exactMatch: answers.map { answers in
                .init(
                    share: answers.share, right: answers.right, count: answers.count, seconds: answers.seconds,
                    wrong: answers.wrong.map {
                        .init(line: $0.line, prompt: $0.prompt, wanted: $0.wanted, got: $0.got)
                    })
            })
        return String(decoding: try encoder.encode(object), as: UTF8.self)
    }
}
