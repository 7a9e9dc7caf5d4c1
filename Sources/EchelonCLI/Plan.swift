import ArgumentParser
import Echelon

struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Show layers, stages, boundary shapes, memory and FLOPs, the schedule's grid and the predicted bubble.",
        discussion: """
            Starts nothing, and reads no data but samples whose length is not written. The step's time is predicted from what `echelon profile` measured. The \
            resolved manifest, with every default, comes last.

            --search compares instead: every schedule and number of stages on a device, recompute: none or stage where memory is limited, and every \
            size of micro-batch that divides the global batch (which stays as it is) and has a profile. It prints the \
            five that are predicted to be fastest among those that fit `memory`, with the --set options that select them.
            """)

    @OptionGroup var pipeline: PipelineArguments

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(help: "Print the five fastest ways to run the pipeline's global batch.")
    var search = false

    @Option(
        help: ArgumentHelp(
            "The hosts of the run, as train --hosts takes them: messages between them cost what the pipeline's `links` say.",
            valueName: "file"))
    var hosts: String?

    func run() throws {
        try reportingFailures {
            var manifest = try pipeline.load()
            if let hosts { manifest = try Cluster.planned(over: hosts, manifest) }
            if search {
                let choices = try PlanChoices(manifest)
                return try Console.print(json ? try choices.json() : choices.text())
            }
            var plan = try TrainingPlan(manifest)
            if plan.isPlanned, let ordered = plan.hostOrder() {
                plan = try TrainingPlan(ordered.applied(to: manifest))
                if !json { try Console.print(ordered.text + "\n") }
            }
            let report = try PlanReport(plan)
            try Console.print(json ? try report.json() : report.text())
            try plan.checkMemoryLimits()
        }
    }
}
