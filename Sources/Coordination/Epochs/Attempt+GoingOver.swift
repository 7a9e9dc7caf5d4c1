import Manifests
import Planning
import Runs
import Scheduling
import Systems
import Transport

/// Where workers outlive their attempt.
extension Attempt {
    /// Whether workers wait for orders: lost ones can be replaced, since their states are kept elsewhere.
    var mayGoOver: Bool { plan.manifest.mirror && plan.hasState && words != nil && !lost.isEmpty }

    /// Steps that all ranks have reported: of the newest of them nothing is lost with one rank.
    var doneSteps: Int { start.steps.lowerBound + steps.finishedSteps }

    /// Whether an evaluation was due behind them that was not finished.
    var owesEvaluation: Bool {
        guard let rule = plan.manifest.evaluation, evaluatedBehind != doneSteps else { return false }
        let isFirst = doneSteps == start.steps.lowerBound
        guard !isFirst || start.succession?.evaluates == true || doneSteps == 0 else { return false }
        return rule.isDue(behind: doneSteps, of: plan.manifest.steps)
    }

    /// Sends the workers that are left to another attempt, and stops listening.
    func goOver(to next: Attempt, _ directory: RunDirectory) throws {
        launcher.goOver(to: next.plan, without: lost)
        var seats: [Int: [UInt8]] = [:]
        for rank in plan.placement.ranks where !lost.contains(rank) {
            let seat = Seat(
                rank: rank, coordinator: next.server.ipcAddress, manifest: try File.absolute(directory.manifestPath),
                secret: next.server.configuration.secret)
            seats[rank] = try seat.encoded()
        }
        try server.abort("the run goes on with other workers or cuts", next: seats)
        server.close()
    }
}
