import Glibc
public import Layers
import Manifests
import Models
import Planning
package import Runs
import Synchronization
import Systems

extension WorkerProcess {
    private static let isEntered = Atomic<Bool>(false)

    /// First in `main` of a program that trains on several processes: it is started again as each of its workers, and then
    /// this call works and does not return.
    ///
    ///     WorkerProcess.enter(layers: [Scale.self])
    ///     let run = try TrainingRun.start(pipeline)
    ///
    /// Registers the program's own kinds of layers and losses, in the main process and in every worker. Starts the program
    /// again, in place, where its environment lacks what matrix products need to be as fast as the processor allows:
    /// nothing before this call should have an effect. A worker on another machine is started by hand as
    /// `PROGRAM worker PIPELINE --rank R --coordinator tcp://HOST:PORT --keys worker-R.key`.
    public static func enter(layers: [any Layer.Type] = [], losses: [any Loss.Type] = []) {
        Startup.openStandardStreams()
        for kind in layers { register(kind) }
        for kind in losses { register(kind) }
        isEntered.store(true, ordering: .relaxed)
        let arguments = CommandLine.arguments.dropFirst()
        do throws(RunFailure) {
            if arguments.first == "worker" {
                Startup.prepare()
                let options = try Options(arguments: arguments.dropFirst())
                do { try run(PipelineManifest.load(path: options.pipeline), options) } catch {
                    throw RunFailure(wrapping: error)
                }
                exit(ExitCode.done.rawValue)
            }
            try WorkerEnvironment.prepareCoordinator()
        } catch {
            RunFailure.exit(reporting: error)
        }
    }

    private static func register(_ kind: (some Layer).Type) { LayerKinds.register(kind) }
    private static func register(_ kind: (some Loss).Type) { LossKinds.register(kind) }

    /// A program that did not call `enter` would train again in each of its workers, which would start workers in turn.
    package static func checkEntered() throws(RunFailure) {
        guard !isEntered.load(ordering: .relaxed) else { return }
        throw .badInput(
            "workers are this program, started again: call `WorkerProcess.enter()` first in main, or start the run with "
                + "`launch: .threads`")
    }
}

extension WorkerProcess.Options {
    /// `PIPELINE --rank R --coordinator ADDRESS [--lifeline] [--secret-file FILE] [--keys PATH] [--address ADDRESS]`
    init(arguments: ArraySlice<String>) throws(RunFailure) {
        var values: [String: String] = [:]
        var rest = arguments
        while let word = rest.popFirst() {
            switch word {
            case "--lifeline", "--in-job": values[word] = ""
            case "--rank", "--coordinator", "--secret-file", "--keys", "--address", "--elsewhere":
                values[word] = rest.popFirst()
            case _ where !word.hasPrefix("-") && values["pipeline"] == nil: values["pipeline"] = word
            default: throw .badInput("worker: unexpected \(word.printable(limit: 60))")
            }
        }
        guard let pipeline = values["pipeline"], let coordinator = values["--coordinator"],
            let rank = values["--rank"].flatMap({ Int($0) })
        else {
            throw .badInput("worker: expected PIPELINE --rank R --coordinator tcp://HOST:PORT")
        }
        self.init(
            rank: rank, coordinator: coordinator, pipeline: pipeline, secretFile: values["--secret-file"],
            keys: values["--keys"], address: values["--address"], hasLifeline: values["--lifeline"] != nil)
        try setPlace(elsewhere: values["--elsewhere"], isInJob: values["--in-job"] != nil)
    }

    /// What a launcher says beside the rest.
    /// - Parameter text: `1,2`: the ranks on other hosts than the coordinator's.
    package mutating func setPlace(elsewhere text: String?, isInJob: Bool) throws(RunFailure) {
        self.isInJob = isInJob
        elsewhere = try (text ?? "").split(separator: ",").map { word throws(RunFailure) in
            guard let rank = UInt16(word) else {
                throw .badInput("--elsewhere \(word.printable(limit: 60)): expected ranks, as 1,2")
            }
            return Int(rank)
        }
    }
}
