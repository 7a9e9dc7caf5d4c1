import Checkpoints
import Manifests
import Models
package import Planning
import Scheduling
import Stages
import Systems
import Tensors

/// One file of a checkpoint: which tensors of a stage it has, and where.
///
/// A file for each stage and kind, so that each is written and hashed by one worker from its first byte to its last.
struct StageFile: Sendable {
    /// Below the checkpoint's folder.
    let name: String
    let layout: SafetensorsLayout
    /// By name, where the file has the family's tensors: what each is made of.
    private let made: [String: FamilyTensor]
    private let parameters: [StoredParameter]

    /// Where optimizer state lies, below the checkpoint's folder.
    static let optimizerFolder = "optimizer"

    /// The model's own tensors; nil where there are none.
    private init?(_ name: String, _ tensors: [(name: String, spec: TensorSpec)]) throws(CheckpointError) {
        guard !tensors.isEmpty else { return nil }
        self.name = name
        layout = try SafetensorsLayout(tensors)
        (made, parameters) = ([:], [])
    }

    /// The family's tensors; nil where there are none.
    private init?(_ name: String, _ tensors: [FamilyTensor], _ map: TensorMap) throws(CheckpointError) {
        guard !tensors.isEmpty else { return nil }
        self.name = name
        layout = try SafetensorsLayout(tensors.map { ($0.name, TensorSpec(Shape($0.shape))) })
        made = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
        parameters = map.parameters
    }

    /// The files of one stage: its masters, and its optimizer state.
    ///
    /// Where adapters are trained, what is frozen is in none of them: it is as the run's first weights have it.
    /// - Parameters:
    ///   - map: the family's form of the masters; nil: the model's own.
    ///   - replica: whose files: the first writes what all have, and each the optimizer state that it alone has.
    static func files(
        ofStage stage: Int, _ state: StageState, _ map: TensorMap?, _ plan: TrainingPlan, replica: Int
    ) throws(CheckpointError) -> [Self] {
        let kept = state.tensors.filter { keeps($0, plan, replica: replica) }
        func name(_ prefix: String) -> String {
            SafetensorsShards.name(stage + 1, of: plan.layout.stages.count, prefix: prefix)
        }
        var masters = kept.filter { !$0.isMoment }.map { (name: $0.name, spec: $0.whole) }
        if replica == 0 {
            masters += state.compactMasters.filter(\.isKept).map { (name: $0.name, spec: state.spec(of: $0)) }
        }
        let weights: Self?
        if let map {
            let own = Set(masters.map(\.name))
            let tensors = map.storedTensors.filter { tensor in
                tensor.pieces.first.map { own.contains(map.parameters[$0.parameter].name) } ?? false
            }
            weights = try Self(name(StepParts.prefix(plan)), tensors, map)
        } else {
            weights = try Self(name(StepParts.prefix(plan)), masters)
        }
        let prefix = plan.sharesOptimizerState ? "optimizer-replica\(replica)" : "optimizer"
        let moments = try Self(
            "\(optimizerFolder)/" + name(prefix), kept.filter(\.isMoment).map { (name: $0.name, spec: $0.whole) })
        return [weights, moments].compactMap { $0 }
    }

    /// Whether a replica's files of a stage have the tensor.
    static func keeps(_ tensor: StageState.NamedTensor, _ plan: TrainingPlan, replica: Int) -> Bool {
        tensor.isKept && (tensor.isTrained || !plan.keepsTrainedOnly)
            && (replica == 0 || tensor.isMoment && plan.sharesOptimizerState)
    }

    /// Writes the file's tensors.
    /// - Parameter wrote: called behind each.
    func write(
        to stream: SafetensorsStream, from source: some StateBytes, wrote: () -> Void
    ) throws(SystemError) {
        for tensor in layout.tensors {
            if let made = made[tensor.name] {
                try stream.append(made, of: parameters) { parameter, rows, out in
                    let width = parameter.shape.dropFirst().reduce(1, *)
                    source.withBytes(of: parameter.name) { bytes in
                        let start = rows.lowerBound * width * 4
                        UnsafeMutableRawBufferPointer(out).copyMemory(
                            from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + out.count * 4]))
                    }
                }
            } else {
                try source.withBytes(of: tensor.name) { bytes throws(SystemError) in try stream.append(bytes) }
            }
            wrote()
        }
    }
}

/// How a checkpoint's files are named.
package enum StepParts {
    /// `model`, or `adapter` where adapters alone are trained.
    package static func prefix(_ plan: TrainingPlan) -> String { plan.keepsTrainedOnly ? "adapter" : "model" }
}
