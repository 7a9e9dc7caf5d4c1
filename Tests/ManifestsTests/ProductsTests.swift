import Foundation
import Manifests
import Notation
import Tensors
import Testing

/// `products:`
@Suite struct ProductsTests {
    private static let rows = ["f32 32x8x256 nn onednn", "f32 32x256x8 nt openblas"]

    private func table(_ rows: [String] = rows) -> PipelineManifest.Products {
        .table(ProductTable(rows.compactMap { ProductTable.Row($0) }))
    }

    @Test func `it is default unless written, and then says nothing in the resolved form`() throws {
        #expect(try Pipelines.load().products == .usual)
        #expect(try Pipelines.load(["products": "default"]).products == .usual)
        #expect(try Pipelines.load(["products": "tuned"]).products == .tuned)
        #expect(!(try Pipelines.load().resolvedYAML().contains("products:")))
        #expect(try Pipelines.load(["products": "tuned"]).resolvedYAML().contains("\nproducts: tuned\n"))
    }

    @Test func `a file's rows stand in the resolved form, which needs the file no more`() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/products-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let text = "# measured on a quiet day\n\n" + Self.rows.joined(separator: "\r\n") + "\r\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/t.txt"))
        try Data(Pipelines.yaml(["products": "t.txt"]).utf8).write(to: URL(fileURLWithPath: folder + "/p.yaml"))
        let manifest = try PipelineManifest.load(path: folder + "/p.yaml")
        #expect(manifest.products == table())
        try FileManager.default.removeItem(atPath: folder + "/t.txt")
        let resolved = manifest.resolvedYAML()
        #expect(
            resolved.contains("\nproducts: [\"f32 32x256x8 nt openblas\", \"f32 32x8x256 nn onednn\"]\n"))
        let again = try PipelineManifest.decode(yaml: resolved, file: "run/pipeline.yaml")
        #expect(again.products == manifest.products && again.resolvedYAML() == resolved)
    }

    @Test func `a table may have no rows, and is one all the same`() throws {
        let manifest = try Pipelines.load(["products": "[]"])
        #expect(manifest.products == table([]))
        #expect(manifest.resolvedYAML().contains("\nproducts: []\n"))
    }

    @Test(arguments: [
        (
            "tunde",
            "products is tunde; expected default, tuned, or a file with a table of products; did you mean \"tuned\"?"
        ),
        ("null", "products is empty; expected default, tuned, or a file with a table of products"),
        ("none.txt", "cannot read p/none.txt: No such file or directory; expected a readable table of products"),
    ]) func `mistakes are named`(_ text: String, _ message: String) {
        let found = Pipelines.message(Pipelines.yaml(["products": text]))
        #expect(found == "p/x.yaml:6:11: " + message)
    }

    @Test func `a row that is none says what rows are, and one comes once`() {
        let wrong = Pipelines.message(Pipelines.yaml(["products": "[f32 1x1x1 nt openbals]"]))
        #expect(wrong.hasPrefix("p/x.yaml:6:12: \"f32 1x1x1 nt openbals\"; expected a row such as"))
        #expect(wrong.hasSuffix("did you mean \"openblas\"?"))
        let twice = Pipelines.message(Pipelines.yaml(["products": "[f32 1x1x1 nt openblas, f32 1x1x1 nt onednn]"]))
        #expect(twice == "p/x.yaml:6:35: f32 1x1x1 nt for the second time; expected it once")
    }

    @Test func `devices that compute nothing have no products`() {
        let text = Pipelines.yaml(["devices": "[sim:0, sim:1]", "products": "tuned"])
        #expect(Pipelines.message(text).contains("products has no effect on devices that compute nothing"))
    }
}
