import Coordination
import Foundation
import Manifests
import Models
import Planning
import Runs
import Scheduling
import Tensors
import TestPlans
import TestSupport
import Testing

/// Runs whose matrix products a table shares out among libraries.
@Suite struct ProductTableTests {
    private func run(
        _ manifest: PipelineManifest, in folder: String, resume: ResumeMode? = nil, until last: Int? = nil
    ) throws {
        let options = Coordinator.Options(runDirectory: folder, output: .quiet, launch: .threads, resume: resume)
        let kept = options.keepingChoices(of: manifest)
        try Coordinator(TrainingPlan(kept), options, steps: last.map { 0..<$0 }).run()
    }

    /// All of the model's products by one library.
    private func pipeline(_ devices: Int, by library: ProductTable.Library) throws -> PipelineManifest {
        var pipeline = TrainingRunTests.pipeline(devices)
        pipeline.checkpoint = .init(every: .steps(2), keepLast: 9)
        let contests = try TrainingPlan(pipeline).productContests
        pipeline.products = .table(ProductTable(contests.map { ProductTable.Row($0.key, library) }))
        return pipeline
    }

    @Test(arguments: ProductTable.Library.allCases)
    func `any number of stages gives the same bits by one table`(_ library: ProductTable.Library) throws {
        let folder = try TemporaryFolder()
        for devices in [1, 2, 4] {
            try run(pipeline(devices, by: library), in: folder.file("\(devices)"))
            #expect(
                try folder.bytes("\(devices)/model.safetensors") == folder.bytes("1/model.safetensors"), "\(devices)")
        }
        var other = try pipeline(3, by: library)
        (other.schedule, other.recompute) = (.named(.zeroBubbleH1), .stage)
        try run(other, in: folder.file("other"))
        #expect(try folder.bytes("other/model.safetensors") == folder.bytes("1/model.safetensors"))
    }

    @Test func `a run keeps its table, as a file that other pipelines name`() throws {
        let folder = try TemporaryFolder()
        let manifest = try pipeline(1, by: .openBLAS)
        try run(manifest, in: folder.file("run"))
        let text = try folder.text("run/products.txt")
        #expect(text.contains("\nf32 ") && text.contains(" nt openblas\n"))
        let again = try PipelineManifest.load(
            path: folder.file("run/pipeline.yaml"), overrides: ["products=\(folder.file("run/products.txt"))"])
        #expect(again.products == manifest.products)
    }

    @Test func `a tuned run goes on with the table that it began with, whatever was raced since`() throws {
        let folder = try TemporaryFolder()
        try run(pipeline(2, by: .openBLAS), in: folder.file("whole"))
        try run(pipeline(2, by: .openBLAS), in: folder.file("run"), until: 2)
        var tuned = try pipeline(1, by: .openBLAS)
        tuned.products = .tuned
        try run(tuned, in: folder.file("run"), resume: .latest)
        #expect(try folder.bytes("run/model.safetensors") == folder.bytes("whole/model.safetensors"))
    }

    @Test func `going on with another table needs the user's word`() throws {
        let folder = try TemporaryFolder()
        try run(pipeline(1, by: .openBLAS), in: folder.file("run"), until: 2)
        let other = try pipeline(1, by: .oneDNN)
        let said = message { try run(other, in: folder.file("run"), resume: .latest) }
        #expect(said.contains("--accept products"), "\(said)")
    }

    @Test func `what nobody raced for ends a tuned run before it starts, with what to do`() throws {
        var manifest = TrainingRunTests.pipeline(1)
        manifest.batch.micro = 1
        manifest.products = .tuned
        let folder = try TemporaryFolder()
        let said = message {
            _ = try TrainingRun.start(manifest, launch: .threads, directory: folder.file("run"))
        }
        #expect(said.contains("products: tuned") && said.contains("echelon profile"), "\(said)")
        #expect(!folder.files.contains { $0.hasPrefix("run") })
    }
}
