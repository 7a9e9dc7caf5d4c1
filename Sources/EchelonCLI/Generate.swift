import ArgumentParser
import Echelon
import Glibc
import Systems

struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write text with a trained model, from prompts.",
        discussion: """
            Samples at --temperature among the --top-k likeliest tokens; --greedy takes the likeliest each time. Several \
            prompts are written at once: they fill a pipeline of several stages. What is written depends neither on the \
            stages nor on the other prompts.
            """)

    @Argument(help: "A run directory, a pretrained model's folder, or a .gguf file.")
    var model: String

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("The text to go on from; may be given several times.", valueName: "text"))
    var prompt: [String] = []

    @Option(help: ArgumentHelp("A file with a prompt a line.", valueName: "file"))
    var prompts: String?

    @Option(help: "How many tokens to write at most.")
    var tokens: Int = 200

    @OptionGroup var sampling: SamplingOptions

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A text that ends the answer; may be given several times.", valueName: "text"))
    var stop: [String] = []

    @Option(help: "Cut the model into so many stages, each on a core and in a process of its own.")
    var stages: Int?

    @Option(help: ArgumentHelp("A device for each stage: cpu:0,cpu:1", valueName: "list"))
    var devices: String?

    @Flag(help: "Each prompt is a message that the model answers; without one, a conversation, line by line.")
    var chat = false

    @Option(help: ArgumentHelp("With --chat: what the model is told first.", valueName: "text"))
    var system: String?

    @Option(help: ArgumentHelp("With --chat: a Jinja file, or the name of a template: chatml", valueName: "file"))
    var chatTemplate: String?

    @Flag(help: "Prompts and answers are ids: --prompt \"1 42 7\".")
    var ids = false

    @Flag(help: "Print one JSON object a prompt: its ids and text, and why it ended.")
    var json = false

    @Option(help: ArgumentHelp("What one of the stages has to know.", visibility: .hidden))
    var worker: String?

    private static let mostTokens = 1_000_000
    private static let mostStages = 1024

    func validate() throws {
        guard worker == nil else { return }
        // What is no UTF-8 was replaced on its way into a string: the text would go on from something else.
        let words = (0..<Int(CommandLine.argc)).compactMap { CommandLine.unsafeArgv[$0] }
        guard words.allSatisfy({ String(validatingCString: $0) != nil }) else {
            throw ValidationError("expected arguments in UTF-8, got bytes that are not")
        }
        guard (1...Self.mostTokens).contains(tokens) else {
            throw ValidationError("--tokens: expected 1 to \(Self.mostTokens), got \(tokens)")
        }
        guard !chat || !ids else { throw ValidationError("expected --chat or --ids, got both") }
        guard chat || (system == nil && chatTemplate == nil) else {
            throw ValidationError("--system and --chat-template are of --chat")
        }
        guard !prompt.isEmpty || prompts != nil || chat else {
            throw ValidationError("expected a prompt: --prompt TEXT, or --prompts FILE with one a line")
        }
        if let stages {
            guard devices == nil else { throw ValidationError("expected --stages or --devices, got both") }
            guard (1...Self.mostStages).contains(stages) else {
                throw ValidationError("--stages: expected 1 to \(Self.mostStages), got \(stages)")
            }
        }
    }

    func run() throws {
        try reportingFailures {
            if let worker { return try GenerationWorker.run(job: worker) }
            let places = try chosenDevices()
            // A single stage computes here: libraries read their settings as the process starts.
            if places.count == 1 { try WorkerEnvironment.prepare(threads: places[0].threads) }
            let source = try ModelSource(path: model)
            let coding = try source.textCoding(wantsIDs: ids)
            let texts = prompt + (try prompts.map { try Self.lines(of: $0) } ?? [])
            let format = try chat ? ChatFormat(source, named: chatTemplate) : nil
            if texts.isEmpty, let format {
                return try Conversation(self, source, coding, format, places).run()
            }
            let encoded = try texts.map { text in
                let ids = try format?.ids(opening + [("user", text)], coding) ?? coding.encode(text)
                return ids.isEmpty ? [source.firstToken] : ids
            }
            let run = try start(source, places, positions: (encoded.map(\.count).max() ?? 0) + tokens, encoded.count)
            defer { run.close() }
            let outcomes = try answer(texts, encoded, source, coding, run)
            if !json { Self.complain(of: outcomes, run.speed) }
        }
    }

    /// What stands before a conversation.
    var opening: [(role: String, text: String)] { system.map { [("system", $0)] } ?? [] }

    func start(
        _ source: ModelSource, _ places: [PipelineManifest.Device], positions: Int, _ texts: Int
    ) throws -> GenerationRun {
        let job = GenerationJob(
            model: model, devices: places.map(\.description), positions: positions, texts: texts)
        let plan = try job.plan(source)
        if places.count > 1 { Interrupts.catchAll() }
        return try GenerationRun(plan, on: .processes, job: job)
    }

    private func answer(
        _ texts: [String], _ encoded: [[Int32]], _ source: ModelSource, _ coding: TextCoding, _ run: GenerationRun
    ) throws -> [GenerationOutcome] {
        let requests = encoded.enumerated().map { index, prompt in
            GenerationRequest(
                prompt: prompt, count: tokens, sampling: sampling.sampling(of: index), endTokens: source.endTokens)
        }
        let printer = AnswerPrinter(
            texts, ids: encoded, coding, stops: stop, endTokens: source.endTokens, showsPrompts: !chat && !ids,
            json: json)
        try printer.begin()
        return try run.generate(requests) {
            try printer.show($1, of: $0)
        } finished: {
            try printer.finish($0, $1)
        }
    }

    private func chosenDevices() throws -> [PipelineManifest.Device] {
        if let devices {
            return try devices.split(separator: ",", omittingEmptySubsequences: false).map {
                try PipelineManifest.Device(text: String($0))
            }
        }
        return GenerationPlan.devices(stages: stages ?? 1)
    }

    private static func lines(of path: String) throws -> [String] {
        let lines = String(decoding: try File.read(path, limit: 1 << 28), as: UTF8.self).lines.filter { !$0.isEmpty }
        guard !lines.isEmpty else {
            throw RunFailure.badInput("\(path.printable()): expected a prompt a line, got none")
        }
        return lines.map(String.init)
    }

    /// How fast it was, and that the model's context ended before the text did.
    private static func complain(of outcomes: [GenerationOutcome], _ speed: GenerationSpeed) {
        let full = outcomes.count { $0.ending == .context }
        if full > 0 {
            Console.complain(
                outcomes.count == 1
                    ? "the model reads no longer texts: the answer ends there"
                    : "the model reads no longer texts: \(full) of \(outcomes.count) answers end there")
        }
        guard isatty(STDERR_FILENO) == 1 || !outcomes.isEmpty else { return }
        Console.complain(speed.text)
    }
}
