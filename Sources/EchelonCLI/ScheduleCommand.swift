import ArgumentParser
import Echelon

struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Print a schedule's grid: who computes what when, with forward 1 and backward 2 units long.",
        discussion:
            "Known schedules: \(Schedule.names.joined(separator: ", ")). `2F0` is stage 2, forward, micro-batch 0.")

    @Argument(help: "The schedule's name.")
    var name: String

    @Option(help: "Stages.")
    var stages: Int

    @Option(help: "Micro-batches of one step.")
    var microbatches: Int

    @Flag(help: "Print the instructions of each rank as text, one line a rank, instead of the grid.")
    var text = false

    @Option(help: "The grid's width in columns.")
    var columns: Int = 120

    func run() throws {
        try reportingFailures {
            let schedule = try Schedule.named(name, stages: stages, microBatches: microbatches)
            print(text ? schedule.description : try schedule.grid(maxColumns: columns))
        }
    }
}
