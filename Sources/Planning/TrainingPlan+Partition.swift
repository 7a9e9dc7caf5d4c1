import Layers
import Manifests
import Models
import Notation
import Partitioning
import Runs
import Scheduling

extension TrainingPlan {
    /// The first entry of each stage but the first, by the manifest's method. Methods that count layers, or what belongs to
    /// whole ones, cut between layers; those that weigh what is computed also inside them.
    /// - Parameter headShare: which part of the head's rows is computed; nil where the method does not ask.
    static func cut(
        _ model: ModelGraph, _ manifest: PipelineManifest, _ schedule: Schedule, headShare: Double?,
        _ costs: @autoclosure () -> StepCosts?
    ) throws(RunFailure) -> [Int] {
        let stages = schedule.stageCount
        do {
            // The same mistake by any method.
            guard stages <= model.entries.count else {
                let hasParts = model.layerCount < model.entries.count
                throw PartitionError(
                    "partition", expected: "at least one layer\(hasParts ? ", or a part of one," : "") for each stage",
                    got: "\(stages) stages for \(model.layerCount) layers"
                        + (hasParts ? " with \(model.entries.count) parts" : ""))
            }
            switch manifest.partition {
            case .uniform:
                return model.places(try Partition.uniform(layers: model.layerCount, stages: stages))
            case .parameters:
                let weights = model.layers.map { layer in layer.reduce(0) { $0 + Double($1.parameterCount) } }
                return model.places(try Partition.balanced(weights: weights, stages: stages))
            case .flops:
                return try Partition.balanced(weights: flops(model, headShare: headShare ?? 1), stages: stages)
                    .cuts
            case .type(let pattern):
                let kinds = model.layers.map { $0[$0.startIndex].kind }
                return model.places(try Partition.matching(pattern, kinds: kinds, stages: stages))
            case .cuts(let cuts):
                let names = model.names
                return try Partition.explicit(
                    cuts: cuts.map { cut throws(PartitionError) in
                        guard let place = names.place(of: cut) else {
                            throw PartitionError(
                                "partition cuts", expected: "layers of the model, or parts of them", got: "\(cut)")
                        }
                        return place
                    }, layers: model.entries.count, stages: stages
                ).cuts
            case .profile, .auto:
                guard let costs = costs() else { throw manifest.missingProfile }
                return try costs.plan(schedule, manifest).cuts
            }
        } catch let error as RunFailure {
            throw error
        } catch {
            let mark = manifest.marks["partition"] ?? manifest.marks["devices"]
            throw .badInput((mark.map { "\($0): " } ?? "") + "\(error)")
        }
    }

    /// By entry.
    /// - Parameter headShare: which part of the head's rows is computed.
    private static func flops(_ model: ModelGraph, headShare: Double) -> [Double] {
        model.entries.map { $0.cost.total * ($0.index == model.headEntry ? headShare : 1) }
    }
}

extension ModelGraph {
    /// Each layer's entries.
    fileprivate var layers: [ArraySlice<Entry>] {
        names.layers(in: 0..<entries.count).map { entries[$0.places] }
    }

    /// The first entry of each stage but the first.
    fileprivate func places(_ partition: Partition) -> [Int] {
        let firsts = layers.map(\.startIndex)
        return partition.cuts.map { firsts[$0] }
    }
}

extension StepCosts {
    /// The cuts that make a schedule's step as short as memory allows.
    func plan(_ schedule: Schedule, _ manifest: PipelineManifest) throws(RunFailure) -> StepPlan {
        do { return try planner(manifest).plan(schedule) } catch { throw manifest.failure(error) }
    }

    /// A schedule with its instructions in an order that is fitted to what its stages take.
    func fitted(
        _ schedule: Schedule, _ manifest: PipelineManifest, cuts: [Int]
    ) throws(RunFailure) -> (schedule: Schedule, plan: StepPlan) {
        do { return try planner(manifest).fitted(schedule, cuts: cuts) } catch { throw manifest.failure(error) }
    }

    /// A lower bound of a schedule's step over all cuts; nil where none is known.
    func leastSeconds(_ schedule: Schedule, _ manifest: PipelineManifest) throws(RunFailure) -> Double? {
        do { return try planner(manifest).leastSeconds(schedule) } catch { throw manifest.failure(error) }
    }

    private func planner(_ manifest: PipelineManifest) throws(PlanError) -> StepPlanner {
        try StepPlanner(
            layers: layers, link: links.usual, apart: links.apart, memoryLimits: manifest.memoryOfPositions,
            barrier: barrier, memory: memory)
    }
}

extension PipelineManifest {
    /// By place of the pipeline: the least that any of its workers may take; nil: no limit.
    var memoryOfPositions: [Int]? {
        memory.map { limits in
            let width = replicas * tensor
            return (0..<positions).map { limits[$0 * width..<($0 + 1) * width].min() ?? 0 }
        }
    }

    /// What to do where nothing was measured.
    var profileAdvice: String {
        "`echelon profile \(mark(of: "").file)`, with the same --set options, measures one"
    }

    var missingProfile: RunFailure {
        .badInput(
            "\(mark(of: "partition")): partition: profile, but there is no profile of this model on this machine; "
                + profileAdvice)
    }

    /// Why nothing could be planned, with its place.
    func failure(_ error: PlanError) -> RunFailure {
        switch error {
        case .memory(let lack):
            let rank = lack.rank * replicas * tensor
            return .badInput(
                "\(mark(of: "memory")): \(lack.schedule): device \(devices[rank]) (rank \(rank)) needs "
                    + "\(lack.neededBytes.bytesText) with the cuts that need least, \(lack.missingBytes.bytesText) more "
                    + "than its limit of \(lack.limitBytes.bytesText)")
        case .schedule(let error): return failure(error)
        case .argument: return .badInput("\(mark(of: "partition")): \(error)")
        }
    }
}
