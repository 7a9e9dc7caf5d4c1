import Foundation
import Layers
import Manifests
import Models
import Planning
import Runs
import Scheduling

extension TrainingPlan {
    /// What a report needs to know of the run.
    var description: RunDescription {
        let (tokens, share) = (tokensPerStep, shareOfHead())
        let leftOut = model.headEntry.map { (1 - share) * model.entries[$0].cost.total } ?? 0
        return RunDescription(
            name: manifest.name, schedule: schedule.name, microBatches: schedule.microBatches,
            stages: layout.stages.map { stage in
                StageDescription(
                    rank: placement.rank(ofStage: stage.index), firstLayer: stage.entries.lowerBound,
                    layers: model.entries[stage.entries].map(\.kind),
                    names: model.entries[stage.entries].map(\.name),
                    layerCosts: model.entries[stage.entries].map { relativeCost(of: $0, headShare: share) })
            }, devices: placement.ranks.map { device(of: $0).description }, tokensPerStep: tokens,
            flopsPerToken: (flopsPerStep - leftOut * Double(manifest.batch.microBatchesPerStep)) / Double(tokens),
            startedAt: ISO8601DateFormatter().string(from: Date()), isPacked: manifest.data.isPacked,
            replicas: manifest.replicas > 1 ? manifest.replicas : nil,
            shards: manifest.tensor > 1 ? manifest.tensor : nil, speculates: speculates ? true : nil)
    }

    /// What an entry takes, compared with others: its FLOPs, but where simulated devices take equally long over each layer.
    /// - Parameter headShare: which part of the head's rows is computed.
    private func relativeCost(of entry: Entry, headShare: Double) -> Double {
        if manifest.devices.contains(where: { $0.kind == .sim }), case .secondsPerLayer = manifest.simulation.pace {
            return Double(entry.nodes.count) / Double(max(entry.nodesOfLayer, 1))
        }
        return entry.cost.total * (entry.index == model.headEntry ? headShare : 1)
    }
}
