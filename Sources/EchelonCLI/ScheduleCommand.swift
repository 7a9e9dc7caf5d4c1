import ArgumentParser
import Echelon
import Systems

struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Print a schedule's grid: who computes what when, with forward 1 and backward 2 units long.",
        discussion: """
            Known schedules: \(Schedule.names.joined(separator: ", ")). `2F0` is stage 2, forward, micro-batch 0.

            --text prints what `schedule: {file: my.txt}` reads: a line for each rank. To change a schedule by hand:

              echelon schedule zb-h1 --stages 2 --microbatches 8 --text > my.txt
              echelon schedule my.txt               checks it and draws it
              echelon train pipelines/demo.yaml --set schedule.file=my.txt
            """)

    @Argument(help: "The schedule's name, or a file that holds one.")
    var name: String

    @Option(help: "Stages; of a schedule by name.")
    var stages: Int?

    @Option(help: "Micro-batches of one step; of a schedule by name.")
    var microbatches: Int?

    @Option(help: "Stages of each rank, where the schedule leaves that open.")
    var virtual: Int?

    @Flag(help: "Print the instructions of each rank as text, one line a rank, instead of the grid.")
    var text = false

    @Option(help: "The grid's width in columns.")
    var columns: Int = 120

    func run() throws {
        try reportingFailures {
            let schedule = try schedule()
            try Console.print(text ? schedule.description : try schedule.grid(maxColumns: columns))
        }
    }

    private func schedule() throws -> Schedule {
        if !Schedule.names.contains(name), File.exists(name) {
            guard stages == nil, microbatches == nil, virtual == nil else {
                throw RunFailure.badInput("\(name): a file says itself how many stages and micro-batches it has")
            }
            return try Schedule(file: name)
        }
        guard let stages, let microbatches else {
            throw RunFailure.badInput(
                "schedule \(name): expected --stages and --microbatches with one of "
                    + "\(Schedule.names.joined(separator: ", ")), or the name of a file")
        }
        return try Schedule.named(name, stages: stages, microBatches: microbatches, virtual: virtual)
    }
}
