import Echelon
import TestSupport
import Testing

extension EndToEndTests {
    /// Real processes, real messages, devices that wait: every schedule's bubble is what theory says.
    ///
    /// A pass takes long beside what a busy machine adds to a message, about half a millisecond; of the steps, the one that
    /// it disturbed least counts.
    @Suite struct ScheduleBubbleTests {
        private static let model = """
            layers:
              - embedding: {vocab: 32, width: 8, positions: 4}
              - repeat: 14
                layers:
                  - linear: {in: 8, out: 8}
              - linear: {in: 8, out: 32, bias: false}
            loss: cross-entropy

            """

        private static let microBatches = 16

        private static func pipeline(devices: Int) -> String {
            """
            model: model.yaml
            devices: [\((0..<devices).map { "sim:\($0)" }.joined(separator: ", "))]
            partition: uniform
            batch: {micro: 1, microbatches: \(microBatches)}
            data: {random: 65, sequence: 4}
            steps: 5

            """
        }

        /// One schedule's run.
        private struct Run {
            let name: String
            let plan: TrainingPlan
            /// Seconds of one stage's forward, and of each half of its backward.
            let pass: Double
            let process: EchelonProcess

            init(_ name: String, devices: Int, _ lab: Lab) throws {
                self.name = name
                let virtual = try Self.virtual(name)
                let layers = 16 / (devices * virtual)
                pass = virtual == 1 ? 0.06 : 0.04
                let overrides = ["schedule=\(name)", "sim.layer_ms=\(pass * 1000 / Double(layers))"]
                plan = try TrainingPlan(
                    PipelineManifest.load(path: lab.folder.file("pipeline.yaml"), overrides: overrides))
                process = try lab.startTraining(overrides, run: name, ["--quiet"], isUrgent: true)
            }

            private static func virtual(_ name: String) throws -> Int {
                try #require(PipelineManifest.ScheduleName(rawValue: name)).virtualStages.upperBound == 1 ? 1 : 2
            }

            /// In units of a pass, with free messages: seconds from one step to the next, and idle over wall.
            func theory() throws -> (step: Double, bubble: Double) {
                let free = [LinkTime](repeating: .free, count: plan.edges.count)
                let step = try Simulator(plan.schedule, edges: plan.edges).step(
                    times: .units(stages: plan.schedule.stageCount), linkTimes: free)
                let end = StepEnd(optimizer: [Double](repeating: 0, count: plan.placement.rankCount))
                return (step.period(end), step.bubbleFraction(end))
            }
        }

        @Test(arguments: [4, 8]) func `measured bubbles are those of theory`(devices: Int) throws {
            let lab = try Lab(model: Self.model, pipeline: Self.pipeline(devices: devices))
            // They wait more than they work: all at once.
            let runs = try Schedule.names.map { try Run($0, devices: devices, lab) }
            for run in runs {
                let outcome = try run.process.finish(within: 120)
                try #require(outcome.exitCode == 0, "\(run.name): \(outcome.output)\(outcome.errors)")
                let measured = try RunDirectory(lab.folder.file(run.name)).leastDisturbedStep()
                let theory = try run.theory()
                #expect(
                    abs(measured.bubble - theory.bubble) <= 0.02,
                    "\(run.name): \(measured.bubble), not \(theory.bubble)")
                let predicted = theory.step * run.pass
                #expect(
                    abs(measured.seconds - predicted) <= 0.03 * predicted,
                    "\(run.name): a step of \(measured.seconds) s, \(predicted) s predicted")
                if ["1f1b", "gpipe", "interleaved"].contains(run.name) {
                    let closed = SchedulePrediction.bubbleFraction(
                        stages: devices, microBatches: Self.microBatches, virtual: run.plan.manifest.virtual)
                    #expect(abs(theory.bubble - closed) < 1e-9)
                }
            }
        }
    }
}
