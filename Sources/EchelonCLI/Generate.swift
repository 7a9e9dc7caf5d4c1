import ArgumentParser
import Echelon
import Glibc
import Systems

struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write text with a trained model, from a prompt.",
        discussion:
            "Samples at --temperature among the --top-k likeliest tokens; --greedy takes the likeliest each time.")

    @Argument(help: ArgumentHelp("The run directory: runs/NAME.", valueName: "run"))
    var directory: String

    @Option(help: "The text to go on from.")
    var prompt: String

    @Option(help: "How many tokens to write.")
    var tokens: Int = 200

    @Option(help: "Below 1: safer; above 1: wilder.")
    var temperature: Double = 0.8

    @Option(help: "Draw among the so many likeliest tokens; 0: among all.")
    var topK: Int = 40

    @Flag(help: "Take the likeliest token each time.")
    var greedy = false

    @Option(help: "The same seed writes the same text.")
    var seed: UInt64 = 0

    /// The text is printed when it is whole.
    private static let mostTokens = 1_000_000

    func validate() throws {
        // What is no UTF-8 was replaced on its way into a string: the text would go on from something else.
        let words = (0..<Int(CommandLine.argc)).compactMap { CommandLine.unsafeArgv[$0] }
        guard words.allSatisfy({ String(validatingCString: $0) != nil }) else {
            throw ValidationError("expected arguments in UTF-8, got bytes that are not")
        }
        guard (1...Self.mostTokens).contains(tokens) else {
            throw ValidationError("--tokens: expected 1 to \(Self.mostTokens), got \(tokens)")
        }
        guard topK >= 0 else { throw ValidationError("--top-k: expected at least 0, got \(topK)") }
        guard temperature >= 0, temperature.isFinite else {
            throw ValidationError("--temperature: expected 0 or more, got \(temperature)")
        }
    }

    func run() throws {
        try reportingFailures {
            let generator = try Generator(run: directory)
            let tokenizer = ByteTokenizer()
            let sampling = Generator.Sampling(
                temperature: greedy ? 0 : temperature, topK: topK == 0 ? nil : topK, seed: seed)
            var written: [Int32] = tokenizer.encode(prompt)
            try generator.generate(after: written, count: tokens, sampling) { token in
                written.append(token)
                return true
            }
            try Console.print(shown(tokenizer.decode(written)))
        }
    }

    /// On a terminal without what that would act on: a model can have learnt to write escape sequences.
    private func shown(_ text: String) -> String {
        guard isatty(STDOUT_FILENO) == 1 else { return text }
        func parts(_ text: Substring, _ separators: [Character]) -> String {
            guard let separator = separators.first else { return text.printable(limit: .max) }
            return text.split(separator: separator, omittingEmptySubsequences: false)
                .map { parts($0, Array(separators.dropFirst())) }.joined(separator: String(separator))
        }
        return parts(text[...], ["\n", "\t"])
    }
}
