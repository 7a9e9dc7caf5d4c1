package import Manifests
import Notation
import Planning
import Runs
import Systems
import Tensors

/// What was chosen for a run when it began, as its folder keeps it.
enum KeptChoices {
    /// Writes a table of products that other pipelines can name: `products: runs/demo/products.txt`. Nothing where the run has none.
    static func write(_ manifest: PipelineManifest, to directory: RunDirectory) throws {
        guard case .table(let table) = manifest.products else { return }
        let heading = "# Who computes which matrix products; all others follow the rules for the processor."
        let lines = [heading] + table.rows.map(\.description)
        try File.replace(directory.productsPath, with: (lines.joined(separator: "\n") + "\n").utf8)
    }
}

extension Coordinator.Options {
    /// Of a run that goes on: with what was found for `products: tuned` and `schedule: auto` when it began.
    package func keepingChoices(of manifest: PipelineManifest) -> PipelineManifest {
        guard manifest.products == .tuned || manifest.schedule == .auto, resume != nil, !takesWeightsOnly,
            let old = try? PipelineManifest.load(
                path: RunDirectory(runDirectory ?? "runs/\(manifest.name)").manifestPath)
        else { return manifest }
        var kept = manifest
        // Whatever was raced since.
        if manifest.products == .tuned, !accepted.contains("products"), case .table = old.products {
            kept.products = old.products
        }
        if manifest.schedule == .auto, old.schedule != .auto, manifest.canGoOn(as: old) {
            (kept.schedule, kept.virtual, kept.recompute) = (old.schedule, old.virtual, old.recompute)
            kept.batch = old.batch
            if [.auto, .profile].contains(manifest.partition) { kept.partition = old.partition }
        }
        return kept
    }
}

extension PipelineManifest {
    /// Whether what was chosen for another pipeline suits this one: the same devices, limits and batch, and nothing that is
    /// written otherwise.
    fileprivate func canGoOn(as old: PipelineManifest) -> Bool {
        old.devices == devices && old.memory == memory && old.tensor == tensor && old.lanes == lanes
            && old.batch.micro == batch.micro && old.batch.global == batch.global
            && (old.replicas == replicas || marks["replicas"] == nil)
            && (!isRecomputeWritten || old.recompute == recompute)
    }
}

extension TrainingPlan {
    /// Throws where `products: tuned` stands for a table that nobody has measured.
    func checkProducts() throws(RunFailure) {
        guard unracedProducts > 0 else { return }
        let mark = manifest.mark(of: "products")
        throw .badInput(
            "\(mark): products: tuned, but the libraries have not raced for \(unracedProducts) of this model's sizes on this "
                + "machine; `echelon profile \(manifest.mark(of: "").file) --set products=tuned` has them race, or name a "
                + "table that a run has kept, such as runs/NAME/products.txt")
    }
}
