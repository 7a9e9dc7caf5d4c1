import Manifests
import Models
import Runs
import Scheduling

extension PipelineManifest {
    var nothingToSearch: RunFailure {
        .badInput("plan --search: no profile of this model on this machine; \(profileAdvice)")
    }

    /// The same with its devices shared out so, and the same global batch.
    func sharedOut(_ grid: PlanChoices.Grid) -> PipelineManifest {
        var manifest = self
        manifest.tensor = grid.tensor
        if grid.tensor > 1 { (manifest.zero, manifest.speculate) = (.none, false) }
        manifest.replicas = grid.replicas
        manifest.batch.microBatches = batch.global / (batch.micro * grid.replicas)
        if let lanes, !lanes.isMultiple(of: grid.replicas) { manifest.lanes = nil }
        return manifest
    }

    /// How its devices can be shared out without another global batch. On processors, sharing layers is tried where it is
    /// written alone: what shards sum would take as long as what they save.
    var grids: [PlanChoices.Grid] {
        if case .written = schedule { return [PlanChoices.Grid(replicas: replicas, tensor: tensor)] }
        let micro = batch.global / batch.micro
        let shards = devices[0].kind == .cpu || devices.count <= 16 ? [tensor] : [1, 2, 4, 8]
        return shards.flatMap { shards in
            (1...devices.count).filter { count in
                devices.count.isMultiple(of: count * shards) && micro.isMultiple(of: count)
                    && devices.count / (count * shards) <= model.layers.count && (count == 1 || !mirror && recut == nil)
            }.map { PlanChoices.Grid(replicas: $0, tensor: shards) }
        }
    }

    /// What turns this manifest into another of the same model and batch.
    func options(to other: PipelineManifest) -> [String] {
        var options: [String] = []
        if schedule != other.schedule { options.append("schedule=\(other.schedule.name)") }
        let isWritten = marks["virtual"] != nil
        if isWritten ? virtual != other.virtual : other.virtual != other.usualVirtual {
            options.append("virtual=\(other.virtual)")
        }
        if tensor != other.tensor { options.append("tensor=\(other.tensor)") }
        if zero != other.zero { options.append("zero=0") }
        if speculate != other.speculate { options.append("speculate=false") }
        if replicas != other.replicas { options.append("replicas=\(other.replicas)") }
        if batch != other.batch {
            options += ["batch.micro=\(other.batch.micro)", "batch.microbatches=\(other.batch.microBatches)"]
        }
        if lanes != other.lanes { options.append("lanes=null") }
        if recompute != other.recompute { options.append("recompute=\(other.recompute.text)") }
        if partition != .profile && partition != .auto { options.append("partition=profile") }
        return options
    }

    private var usualVirtual: Int {
        guard case .named(let name) = schedule else { return 1 }
        return name.usualVirtualStages
    }
}
