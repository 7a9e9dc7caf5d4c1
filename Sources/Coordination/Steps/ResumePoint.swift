import Checkpoints
import Manifests
import Planning
package import Runs
import Systems
package import Workers

/// Which checkpoint a run is to go on from.
public enum ResumeMode: Hashable, Sendable {
    /// The newest that is whole; where there is none, the run begins.
    case auto
    /// The newest that is whole.
    case latest
    /// The one behind so many steps.
    case step(Int)

    /// `auto`, `latest`, `1000`
    public init?(_ text: String) {
        switch text {
        case "auto": self = .auto
        case "latest": self = .latest
        default:
            guard let step = Int(text), step > 0 else { return nil }
            self = .step(step)
        }
    }
}

/// A checkpoint that was verified: where a run goes on.
package struct ResumePoint {
    /// Steps that were done.
    package let step: Int
    /// The checkpoint's folder, from the root.
    package let folder: String
    /// What the checkpoint says of itself.
    package let manifest: StepManifest

    /// Looks at the checkpoints of a run, the newest first, and reads all files of each until one is whole. What is damaged
    /// is set aside.
    /// - Parameter note: tells the user of what was passed over.
    /// - Returns: nil where there is none.
    /// - Throws: bad input where the named one is damaged or missing.
    package static func find(
        in directory: RunDirectory, _ mode: ResumeMode, note: (String) -> Void
    ) throws(RunFailure) -> ResumePoint? {
        do {
            let steps = StepsFolder(try File.absolute(directory.stepsPath))
            if case .step(let step) = mode { return try named(step, in: steps) }
            for step in steps.steps {
                do throws(CheckpointError) {
                    let manifest = try StepManifest.verify(in: steps.path(of: step), step: step)
                    return ResumePoint(step: step, folder: steps.path(of: step), manifest: manifest)
                } catch {
                    let place = try steps.setAside(step, as: "damaged")
                    note(
                        "the checkpoint behind step \(step) is damaged, and passed over: \(error); it is kept as "
                            + place.printable())
                }
            }
            return nil
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    private static func named(_ step: Int, in steps: StepsFolder) throws -> ResumePoint {
        let present = steps.steps
        guard present.contains(step) else {
            let list = present.isEmpty ? "none" : present.prefix(10).map(String.init).joined(separator: ", ")
            throw RunFailure.badInput(
                "--resume \(step): \(steps.path.printable()) has no checkpoint behind step \(step); there are: \(list)")
        }
        let manifest: StepManifest
        do throws(CheckpointError) {
            manifest = try StepManifest.verify(in: steps.path(of: step), step: step)
        } catch {
            throw RunFailure.badInput("--resume \(step): that checkpoint is damaged: \(error)")
        }
        return ResumePoint(step: step, folder: steps.path(of: step), manifest: manifest)
    }

    /// Once it is certain that the run goes on from here: takes what is newer out of the sequence.
    package func setNewerAside(in directory: RunDirectory, note: (String) -> Void) throws(RunFailure) {
        do throws(SystemError) {
            let steps = StepsFolder(try File.absolute(directory.stepsPath))
            for newer in steps.steps where newer > step {
                let place = try steps.setAside(newer, as: "left")
                note(
                    "the checkpoint behind step \(newer) is newer than the one to go on from; it is kept as \(place.printable())"
                )
            }
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// The folder of a checkpoint whose weights another run begins with; nothing of its own run is changed.
    /// - Throws: bad input where there is none, or it holds no whole weights.
    static func weights(
        in directory: RunDirectory, _ mode: ResumeMode, note: (String) -> Void
    ) throws(RunFailure) -> String {
        do {
            let steps = StepsFolder(try File.absolute(directory.stepsPath))
            var wanted = steps.steps
            if case .step(let step) = mode { wanted = wanted.filter { $0 == step } }
            for step in wanted {
                let folder = steps.path(of: step)
                do throws(CheckpointError) { _ = try StepManifest.verify(in: folder, step: step) } catch {
                    if case .step = mode { throw error }
                    note("the checkpoint behind step \(step) is damaged, and passed over: \(error)")
                    continue
                }
                guard File.exists(folder + "/model.safetensors.index.json") else {
                    throw RunFailure.badInput(
                        "--weights-only: \(folder.printable()) holds adapters alone, which are no weights to begin with"
                    )
                }
                return folder
            }
            throw RunFailure.badInput(
                "--weights-only: \(steps.path.printable()) holds no such checkpoint that is whole")
        } catch {
            throw RunFailure(wrapping: error)
        }
    }
}
