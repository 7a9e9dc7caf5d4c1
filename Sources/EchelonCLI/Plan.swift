import ArgumentParser
import Echelon

struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Show layers, stages, boundary shapes, memory and FLOPs, the schedule's grid and the predicted bubble.",
        discussion: """
            Starts nothing, and reads no data but samples whose length is not written. The step's time is predicted from what `echelon profile` measured. The \
            resolved manifest, with every default, comes last.

            --search compares instead: every schedule, number of stages on a device, recompute: none or stage, and every \
            size of micro-batch that divides the global batch (which stays as it is) and has a profile. It prints the \
            five that are predicted to be fastest among those that fit `memory`, with the --set options that select them.
            """)

    @OptionGroup var pipeline: PipelineArguments

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(help: "Print the five fastest ways to run the pipeline's global batch.")
    var search = false

    func run() throws {
        try reportingFailures {
            let manifest = try pipeline.load()
            if search {
                let choices = try PlanChoices(manifest)
                return try Console.print(json ? try choices.json() : choices.text())
            }
            let plan = try TrainingPlan(manifest)
            let report = try PlanReport(plan)
            try Console.print(json ? try report.json() : report.text())
            try plan.checkMemoryLimits()
        }
    }
}
