package import Checkpoints
import Families
import Manifests
import Models
package import Planning
import Tensors

extension TrainingPlan {
    /// How the model's family calls and shapes its tensors, where checkpoints are written so that other programs load them.
    ///
    /// nil for a model of no family, where adapters alone are kept, where the model's layers were changed, and where a cut
    /// goes through what the family keeps as one tensor.
    package func familyMap() throws -> TensorMap? {
        guard let pretrained = manifest.pretrained, !keepsTrainedOnly else { return nil }
        let map = try FamilyModel(path: pretrained.path).exported
        guard map.problems.isEmpty, let stages = stagesOfParameters(map) else { return nil }
        for tensor in map.storedTensors {
            guard Set(tensor.pieces.map { stages[$0.parameter] }).count == 1 else { return nil }
        }
        return map
    }

    /// By a parameter's place in the map: the stage that has it; nil where the model has others.
    private func stagesOfParameters(_ map: TensorMap) -> [Int]? {
        let stored = Dictionary(model.storedParameters.map { ($0.name, $0.spec.shape.extents) }) { first, _ in first }
        var stageOf: [String: Int] = [:]
        for stage in layout.stages {
            for node in stage.nodes {
                for name in model.nodes[node].parameterNames { stageOf[name] = stage.index }
            }
        }
        let written = Set(map.storedTensors.flatMap(\.pieces).map { map.parameters[$0.parameter].name })
        guard written == Set(stored.keys) else { return nil }
        var stages: [Int] = []
        for parameter in map.parameters {
            guard let stage = stageOf[parameter.name], stored[parameter.name] ?? parameter.shape == parameter.shape
            else {
                return nil
            }
            stages.append(stage)
        }
        return stages
    }

    /// The weights of a checkpoint that has them in the family's form.
    func familyWeights(in folder: String, _ manifest: StepManifest) throws -> MappedWeights? {
        guard manifest.isFamilys, let pretrained = self.manifest.pretrained else { return nil }
        return try PretrainedWeights(path: folder).mapped(by: FamilyModel(path: pretrained.path).exported)
    }
}
