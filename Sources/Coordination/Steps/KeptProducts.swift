package import Manifests
import Notation
import Planning
import Runs
import Systems
import Tensors

/// The table of products that a run computes by, as its folder keeps it.
enum KeptProducts {
    /// Writes a table that other pipelines can name: `products: runs/demo/products.txt`. Nothing where the run has none.
    static func write(_ manifest: PipelineManifest, to directory: RunDirectory) throws {
        guard case .table(let table) = manifest.products else { return }
        let heading = "# Who computes which matrix products; all others follow the rules for the processor."
        let lines = [heading] + table.rows.map(\.description)
        try File.replace(directory.productsPath, with: (lines.joined(separator: "\n") + "\n").utf8)
    }
}

extension Coordinator.Options {
    /// The manifest of the run that is to go on; nil where one begins.
    private func keptManifest(_ manifest: PipelineManifest) -> PipelineManifest? {
        guard resume != nil, !takesWeightsOnly else { return nil }
        return try? PipelineManifest.load(path: RunDirectory(runDirectory ?? "runs/\(manifest.name)").manifestPath)
    }

    /// Of a run that goes on: with what was found for `products: tuned` and `schedule: auto` when it began.
    package func keepingChoices(of manifest: PipelineManifest) -> PipelineManifest {
        keepingSchedule(of: keepingProducts(of: manifest))
    }

    /// Of a run that goes on with `schedule: auto`: with what was chosen when it began, unless that was for other devices,
    /// another batch or other limits.
    private func keepingSchedule(of manifest: PipelineManifest) -> PipelineManifest {
        guard manifest.schedule == .auto, let old = keptManifest(manifest), old.schedule != .auto,
            old.devices == manifest.devices, old.memory == manifest.memory, old.batch.micro == manifest.batch.micro,
            old.batch.global == manifest.batch.global, old.lanes == manifest.lanes,
            old.replicas == manifest.replicas || manifest.marks["replicas"] == nil, old.tensor == manifest.tensor,
            !manifest.isRecomputeWritten || old.recompute == manifest.recompute
        else { return manifest }
        var kept = manifest
        (kept.schedule, kept.virtual, kept.recompute, kept.batch) = (
            old.schedule, old.virtual, old.recompute, old.batch
        )
        if [.auto, .profile].contains(manifest.partition) { kept.partition = old.partition }
        return kept
    }

    /// Of a run that goes on with `products: tuned`: with the table that it began with, whatever was raced since.
    package func keepingProducts(of manifest: PipelineManifest) -> PipelineManifest {
        guard manifest.products == .tuned, !accepted.contains("products"), let old = keptManifest(manifest),
            case .table = old.products
        else { return manifest }
        var kept = manifest
        kept.products = old.products
        return kept
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
