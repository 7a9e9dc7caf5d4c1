import ArgumentParser

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Prepare files of prompts, conversations and texts for training, and look at what was prepared.",
        subcommands: [DataPrepare.self, DataShow.self])
}
