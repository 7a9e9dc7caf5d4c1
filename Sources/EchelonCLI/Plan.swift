import ArgumentParser
import Echelon

struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Show layers, stages, boundary shapes, memory and FLOPs, the schedule's grid and the predicted bubble.",
        discussion: "Starts nothing and reads no data. The resolved manifest, with every default, comes last.")

    @OptionGroup var pipeline: PipelineArguments

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        try reportingFailures {
            let report = try PlanReport(try TrainingPlan(try pipeline.load()))
            print(json ? try report.json() : report.text())
        }
    }
}
