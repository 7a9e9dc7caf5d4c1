import ArgumentParser
import Echelon

struct EchelonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echelon",
        abstract: "Trains a model that does not fit one device: stages in a row, one worker process per device.",
        discussion: """
            A model (models/*.yaml) is an ordered list of layers. A pipeline (pipelines/*.yaml) says how it is trained: \
            devices, partition, schedule, batch, optimizer, data.

              echelon doctor                        what this machine offers
              echelon plan pipelines/demo.yaml      who would do what; the bubble
              echelon train pipelines/demo.yaml     train; leaves runs/demo
              echelon report runs/demo              where the idle time went
              echelon generate runs/demo --prompt "This License "

            Exit codes: 0 done; 64 bad input (trying again is useless); 65 the training diverged; 75 lost a worker, was \
            interrupted, or the machine lacked something (the same command may work now); 70 a bug of ours; \
            141 whoever read the output left.
            """,
        version: ProgramVersion.text,
        subcommands: [
            Train.self, Plan.self, Profile.self, Worker.self, Keys.self, LaunchCommand.self, Report.self, Top.self,
            DashboardCommand.self,
            ScheduleCommand.self, DataCommand.self, Generate.self, Evaluate.self, Inspect.self, Logits.self,
            Tokenize.self,
            Export.self, Doctor.self, MeasureLink.self,
        ])
}
