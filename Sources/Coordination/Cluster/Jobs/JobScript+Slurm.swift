public import Runs
import Systems

/// What `#SBATCH` lines say beside what the pipeline does.
public struct SlurmSettings: Sendable {
    /// `4`, or `2-4`: how many nodes; nil: as many as the tasks need.
    public var nodes: String?
    /// Tasks on each node; nil: as Slurm likes.
    public var tasksPerNode: Int?
    /// Limit of one stretch of the job, `2:00:00`; the job goes on in another.
    public var time: String?
    /// The queue.
    public var partition: String?
    /// Who pays.
    public var account: String?
    /// Further options of sbatch, as `--gres=gpu:1`.
    public var more: [String] = []

    /// What the cluster's own defaults are, unless set.
    public init() {}
}

extension JobScript {
    /// A batch script for `sbatch`.
    ///
    /// Slurm tells the script 60 s before the time limit, and at a preemption: rank 0's process writes a checkpoint and ends
    /// with 75. What may go on is queued again, and goes on from the newest checkpoint.
    /// - Throws: bad input: a setting that would be more than one option.
    public func slurm(_ settings: SlurmSettings) throws(RunFailure) -> String {
        var options = ["--job-name=\(name)", "--ntasks=\(tasks)", "--cpus-per-task=\(cores)"]
        let given: [(option: String, value: String?)] = [
            ("nodes", settings.nodes), ("ntasks-per-node", settings.tasksPerNode.map(String.init)),
            ("time", settings.time), ("partition", settings.partition), ("account", settings.account),
        ]
        for (option, value) in given {
            if let value { options.append("--\(option)=\(try Self.word(value, option))") }
        }
        for option in settings.more {
            guard option.hasPrefix("-") else {
                throw .badInput(
                    "--sbatch \(option.printable(limit: 80)): expected an option of sbatch, as --gres=gpu:1")
            }
            options.append(try Self.word(option, "sbatch"))
        }
        // The pipeline names cores by their numbers on the node.
        if namesCores { options.append("--exclusive") }
        options += ["--requeue", "--signal=B:USR1@60", "--open-mode=append", "--output=\(name)-%j.out"]
        let step = command.map(\.shellQuoted).joined(separator: " ")
        return """
            #!/bin/bash
            # \(tasks) tasks, one for each device of \(command[2].printable()): sbatch starts it, and it goes on from its newest
            # checkpoint whenever it starts again. Made by `echelon launch slurm`.
            \(options.map { "#SBATCH \($0)" }.joined(separator: "\n"))

            cd \(folder.shellQuoted) || exit 64
            srun --kill-on-bad-exit=1 --cpu-bind=none \(step) &
            step=$!
            # Rank 0 writes a checkpoint behind the step in flight, and the job ends with 75.
            trap 'kill -USR1 "$step"' USR1
            trap 'kill -TERM "$step"' TERM
            while kill -0 "$step" 2>/dev/null; do wait "$step"; done
            wait "$step"
            code=$?

            # 0 done, 64 a mistake, 65 diverged, 70 a bug: starting again would change nothing.
            case "$code" in 0 | 64 | 65 | 70) exit "$code" ;; esac
            if [ "${SLURM_RESTART_COUNT:-0}" -lt 100 ]; then scontrol requeue "$SLURM_JOB_ID"; fi
            exit "$code"

            """
    }

    /// What stands in an `#SBATCH` line by itself.
    private static func word(_ value: String, _ option: String) throws(RunFailure) -> String {
        guard !value.isEmpty, value.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !"\"'#\\".utf8.contains($0) }) else {
            throw .badInput(
                "--\(option) \(value.printable(limit: 80)): expected one word without quotes, # and blanks")
        }
        return value
    }
}
