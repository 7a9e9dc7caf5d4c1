import ArgumentParser
import Echelon
import Systems

struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make keys for workers that are started by hand on other machines.",
        discussion: """
            Makes a folder with coordinator.key, which train takes, and a file for each worker, all for their owner alone. \
            Copy worker-R.key to the machine of worker R, by a way that nobody else reads, as scp. The files serve any \
            number of runs; what links are encrypted with is new for each.

              echelon keys keys --workers 2
              scp keys/worker-1.key HOST:
              echelon train PIPELINE --keys keys --address 10.0.0.1
            """)

    @Argument(help: ArgumentHelp("The folder to make.", valueName: "folder"))
    var folder: String

    @Option(help: ArgumentHelp("As many as the pipeline has devices.", valueName: "count"))
    var workers: Int

    func run() throws {
        try reportingFailures {
            let files = try KeyFolder.make(folder, workers: workers).map { $0.printable() }
            let others = files.count == 2 ? files[1] : "\(files[1]) to \(files[files.count - 1])"
            try Console.print("\(files[0]): for `train --keys`; it stays on this machine")
            try Console.print("\(others): for `worker --keys`, each on its worker's machine")
        }
    }
}
