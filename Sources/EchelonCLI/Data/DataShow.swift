import ArgumentParser
import Echelon
import Glibc
import Systems

struct DataShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print what a folder of shards holds, or one of its samples as text.",
        discussion: """
            Without --sample: how many samples and tokens, and how long they are. With it: the text that the model will see; \
            what does not count as a target is dim on a terminal, and between ⟦ and ⟧ elsewhere.
            """)

    @Argument(help: ArgumentHelp("A folder that `data prepare` wrote.", valueName: "dir"))
    var folder: String

    @Option(help: ArgumentHelp("Which sample, counted from 0.", valueName: "n"))
    var sample: Int?

    @Option(help: "Whose tokenizer, where it is no longer where it was.")
    var model: String?

    @Flag(help: "With --sample: ids, those that do not count in brackets.")
    var ids = false

    func run() throws {
        try reportingFailures {
            let set = try ShardSet(path: folder)
            guard let sample else {
                return try Console.print(
                    set.manifest.summary(of: folder) + "\n"
                        + set.manifest.picture(width: Terminal.width(of: STDOUT_FILENO)))
            }
            guard (0..<set.sampleCount).contains(sample) else {
                throw RunFailure.badInput("--sample: expected 0 to \(set.sampleCount - 1), got \(sample)")
            }
            let text = try ids ? ShardText.ids : ShardText.text(set.manifest, model: model)
            try Console.print(
                try text.shown(try set.runs(ofSample: sample), isDim: isatty(STDOUT_FILENO) == 1))
        }
    }
}
