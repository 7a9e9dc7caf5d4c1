import Manifests
import Models
import Optimizers
import Partitioning
import Runs
import Scheduling
import Systems

/// Chooses what `schedule: auto` and `partition: auto` stand for: what is predicted to be fastest among what fits `memory`.
///
/// What decides a run's numbers stays as it is written; schedule, cuts and recomputation change no bit.
struct ScheduleChooser {
    let manifest: PipelineManifest
    let model: ModelGraph
    /// What each device has of it.
    let shard: ModelGraph
    let profiles: ProfileCache

    struct Decision {
        /// Without `auto`.
        var manifest: PipelineManifest
        /// nil where the schedule was written.
        var choice: ScheduleChoice?
        /// Whether the manifest has cuts that were planned from what layers cost.
        var hasPlannedCuts = false
    }

    init(_ manifest: PipelineManifest, _ model: ModelGraph, _ shard: ModelGraph, _ profiles: ProfileCache) {
        (self.manifest, self.model, self.shard, self.profiles) = (manifest, model, shard, profiles)
    }

    /// Where there is something to choose it takes from a tenth of a second to some seconds, and longer where memory is short.
    func decide() throws(RunFailure) -> Decision {
        guard manifest.schedule == .auto else { return Decision(manifest: manifest.cutting(by: partition)) }
        if manifest.positions == 1 && manifest.replicas == 1 { return decideForOneStage() }
        if let device = manifest.sharedDevice {
            throw .badInput(
                "\(place): schedule: auto: \(device) has several workers, and what they wait for is not predicted; expected "
                    + "each device once, or the name of a schedule")
        }
        return try decision(manifest.isRecomputeWritten ? fastest(manifest.recompute) : fastestThatFits())
    }

    private var place: String { "\(manifest.mark(of: "schedule"))" }

    /// What the manifest's `partition` stands for.
    private var partition: PipelineManifest.Partition {
        guard manifest.partition == .auto else { return manifest.partition }
        return manifest.sharedDevice == nil && isMeasured ? .profile : .flops
    }

    /// Whether it is known what layers take. Nothing is counted for that: the data may be large.
    private var isMeasured: Bool {
        manifest.devices[0].kind == .sim
            || profiles.profile(for: ProfileKey(manifest))?.layers.count == shard.entries.count
    }

    func costs(_ manifest: PipelineManifest) -> StepCosts? {
        StepCosts(manifest, shard, of: model, manifest.optimizer.state.count, profiles)
    }

    // MARK: One stage

    /// Nobody waits for anybody: 1f1b keeps least.
    private func decideForOneStage() -> Decision {
        var chosen = manifest
        chosen.schedule = .named(.oneForwardOneBackward)
        if plansCuts { chosen.partition = .cuts([]) }
        var choice = ScheduleChoice(schedule: chosen.schedule.name, virtual: 1, cuts: [])
        if !manifest.isRecomputeWritten, !fits(chosen), let plan = recomputing(chosen) {
            (chosen.recompute, choice.recompute) = (plan.manifest.recompute, plan.manifest.recompute.text)
        }
        return Decision(manifest: chosen, choice: choice)
    }

    // MARK: Several stages

    private func decision(_ found: Candidate) throws(RunFailure) -> Decision {
        let best = try fitted(found)
        let recompute = best.plan.manifest.recompute
        let rate = try? fastest(
            2, manifest, recompute, schedules: [PipelineManifest.ScheduleName.oneForwardOneBackward.rawValue]
        ).tokensPerSecond
        var decided = best.plan.manifest
        if !plansCuts { decided.partition = self.manifest.partition }
        return Decision(
            manifest: decided,
            choice: ScheduleChoice(
                schedule: best.plan.schedule.name,
                virtual: best.plan.schedule.stageCount / best.plan.schedule.rankCount, cuts: best.plan.cuts,
                replicas: decided.replicas == self.manifest.replicas ? nil : decided.replicas,
                recompute: recompute == self.manifest.recompute ? nil : recompute.text, delay: delay(found),
                gain: rate.map { $0 > 0 ? best.tokensPerSecond / $0 - 1 : 0 }),
            hasPlannedCuts: plansCuts)
    }

    typealias Candidate = (plan: TrainingPlan, tokensPerSecond: Double)

    /// Of all ways to share out the devices.
    func fastest(_ recompute: PipelineManifest.Recompute) throws(RunFailure) -> Candidate {
        var best: Candidate?
        var failure: RunFailure?
        for sharing in sharings {
            do throws(RunFailure) {
                // Where nobody waits for anybody all schedules take as long, and 1f1b keeps least.
                let found = try fastest(
                    2, sharing, recompute,
                    schedules: sharing.positions > 1
                        ? nil : [PipelineManifest.ScheduleName.oneForwardOneBackward.rawValue])
                if found.tokensPerSecond > best?.tokensPerSecond ?? -1 { best = found }
            } catch {
                failure = failure ?? error
            }
        }
        guard let best else { throw failure ?? noSchedule }
        return best
    }

    /// Ways to share out the devices that change no bit: with `lanes` any number of replicas that divides them, unless one
    /// is written; else as it is.
    private var sharings: [PipelineManifest] {
        guard let lanes = manifest.lanes, manifest.marks["replicas"] == nil, manifest.compress == nil,
            manifest.sharedDevice == nil
        else { return [manifest] }
        if case .cuts = manifest.partition { return [manifest] }
        return manifest.grids.filter { $0.tensor == manifest.tensor && lanes.isMultiple(of: $0.replicas) }
            .map(manifest.sharedOut)
    }

    /// Of some ways to run one of these.
    /// - Parameter schedules: nil: all.
    private func fastest(
        _ count: Int, _ sharing: PipelineManifest, _ recompute: PipelineManifest.Recompute, schedules: [String]?
    ) throws(RunFailure) -> Candidate {
        var manifest = sharing
        manifest.recompute = recompute
        guard let costs = costs(manifest) else { throw missingProfile }
        var search = try search(manifest, costs)
        if let schedules { search.schedules = schedules }
        guard let best = try fastest(Self.best(count, of: search, manifest), manifest, costs) else { throw noSchedule }
        return best
    }

    /// The same with its instructions in an order that is fitted to what the stages take, where a step is shorter so.
    private func fitted(_ named: Candidate) throws(RunFailure) -> Candidate {
        let plan = named.plan
        guard plan.schedule.rankCount > 1, let costs = costs(plan.manifest) else { return named }
        let cuts = plan.layout.stages.dropFirst().map(\.entries.lowerBound)
        var schedule = try costs.fitted(plan.schedule, plan.manifest, cuts: cuts).schedule
        guard schedule != plan.schedule else { return named }
        schedule.name = Schedule.fittedName(of: schedule.name)
        var manifest = plan.manifest
        (manifest.schedule, manifest.virtual) = (.written(schedule), 1)
        let fitted = try TrainingPlan(manifest, profiles: profiles)
        let rate = try StepPrediction(fitted, costs).tokensPerSecond
        return rate > named.tokensPerSecond * Self.leastGain ? (fitted, rate) : named
    }

    /// What a fitted order has to bring, to be written out.
    private static let leastGain = 1.002

    private var noSchedule: RunFailure {
        .badInput("\(place): schedule: auto: no schedule can run this model on these devices")
    }

    private var missingProfile: RunFailure {
        .badInput(
            "\(place): schedule: auto, but there is no profile of this model on this machine; \(manifest.profileAdvice), "
                + "and so does `echelon train`")
    }

    /// Whether the cuts are free, and not by another measure than the predicted step.
    private var plansCuts: Bool { [.auto, .profile].contains(manifest.partition) }

    private func search(_ manifest: PipelineManifest, _ costs: StepCosts) throws(RunFailure) -> PlanSearch {
        let way = PlanSearch.Alternative(
            name: manifest.recompute.text, layers: costs.layers, tokensPerMicroBatch: 1,
            microBatches: [manifest.batch.microBatches], memory: costs.memory, blocks: costs.blocks)
        var search = PlanSearch(
            ranks: manifest.positions, alternatives: [way], link: costs.links.usual,
            memoryLimits: manifest.memoryOfPositions, barrier: costs.barrier)
        search.apart = costs.links.apart
        guard !plansCuts else { return search }
        if case .cuts(let cuts) = manifest.partition { search.virtuals = [try virtual(ofStages: cuts.count + 1)] }
        let share = manifest.partition == .flops ? manifest.countedShare() : nil
        search.cuts = { [model] schedule in
            try? TrainingPlan.cut(model, manifest, schedule, headShare: share, costs)
        }
        return search
    }

    private func virtual(ofStages stages: Int) throws(RunFailure) -> Int {
        let positions = manifest.positions
        guard stages.isMultiple(of: positions) else {
            throw .badInput(
                "\(manifest.mark(of: "partition")): \(stages) stages for \(positions) devices; expected one for each of them, "
                    + "or a multiple")
        }
        return stages / positions
    }

    private static func best(
        _ count: Int, of search: PlanSearch, _ manifest: PipelineManifest
    ) throws(RunFailure) -> [StepPlan] {
        do { return try search.best(count).map(\.plan) } catch { throw manifest.failure(error) }
    }

    /// Counted and predicted as `plan` does; nil where none can run.
    /// - Throws: what the first lacks, where none fits.
    private func fastest(
        _ steps: [StepPlan], _ manifest: PipelineManifest, _ costs: StepCosts
    ) throws(RunFailure) -> Candidate? {
        var best: Candidate?
        var failure: RunFailure?
        for step in steps {
            do throws(RunFailure) {
                let plan = try TrainingPlan(manifest.chosen(step, costs.names), profiles: profiles)
                try plan.checkMemoryLimits()
                let rate = try StepPrediction(plan, costs).tokensPerSecond
                if rate > best?.tokensPerSecond ?? -1 { best = (plan, rate) }
            } catch {
                failure = failure ?? error
            }
        }
        if best == nil, let failure { throw failure }
        return best
    }
}

extension PipelineManifest {
    fileprivate func cutting(by partition: Partition) -> PipelineManifest {
        var manifest = self
        manifest.partition = partition
        return manifest
    }

    /// The same by a step that was planned for it.
    func chosen(_ step: StepPlan, _ names: LayerNames) throws(RunFailure) -> PipelineManifest {
        guard let name = ScheduleName(rawValue: step.schedule) else {
            throw RunFailure(.bug, "no schedule is called \(step.schedule)")
        }
        var chosen = self
        chosen.schedule = .named(name)
        chosen.virtual = step.virtual
        chosen.partition = .cuts(names.cuts(step.cuts))
        return chosen
    }
}
