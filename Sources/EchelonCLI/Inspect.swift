import ArgumentParser
import Echelon

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a model's folder or file holds, and whether this machine can train it.")

    @Argument(help: "A pretrained model's folder, a .gguf file, or a run directory.")
    var model: String

    func run() throws {
        try reportingFailures { try Console.print(try ModelInspection(path: model).text()) }
    }
}
