import Foundation
import Partitioning
import Testing

struct LayerNamesTests {
    private let names = LayerNames(["0", "1.attention", "1.mlp", "2.attention", "2.mlp", "3"])

    @Test(arguments: [
        (0..<1, "layer 0"), (0..<2, "layers 0–1.attention"), (0..<3, "layers 0–1"), (1..<3, "layer 1"),
        (1..<2, "layer 1.attention"), (2..<3, "layer 1.mlp"), (2..<4, "layers 1.mlp–2.attention"),
        (1..<5, "layers 1–2"), (2..<6, "layers 1.mlp–3"), (5..<6, "layer 3"), (0..<6, "layers 0–3"),
    ])
    func `a range is called by its ends`(range: Range<Int>, text: String) { #expect(names.text(range) == text) }

    @Test func `a cut before a layer's first part is one before the layer`() {
        #expect(names.cuts([1, 2, 3, 5]) == [1, "1.mlp", 2, 3])
        #expect([1, "1.mlp", 2, 3].map(names.place) == [1, 2, 3, 5])
        #expect(names.place(of: 4) == nil && names.place(of: "3.mlp") == nil && names.place(of: "1.attention") == 1)
    }

    @Test func `parts count as parts of a layer`() {
        #expect(names.layerCount(0..<6) == 4 && names.layerCount(0..<2) == 1.5)
        let layers = names.layers(in: 0..<4)
        #expect(layers.map(\.places) == [0..<1, 1..<3, 3..<4] && layers.map(\.isWhole) == [true, true, false])
        #expect(names.layers(in: 2..<5).map(\.isWhole) == [false, true])
    }

    @Test func `places without names are numbers`() {
        let names = LayerNames(count: 0)
        #expect(names.text(3..<6) == "layers 3–5" && names.cuts([4]) == [4] && names.layerCount(0..<3) == 3)
        #expect(LayerNames(["0", "strange"]).text(0..<2) == "layers 0–1")
    }

    @Test func `cuts are numbers in JSON, or texts`() throws {
        let cuts: [Cut] = [3, "5.mlp"]
        let data = try JSONEncoder().encode(cuts)
        #expect(String(decoding: data, as: UTF8.self) == "[3,\"5.mlp\"]")
        #expect(try JSONDecoder().decode([Cut].self, from: data) == cuts)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Cut].self, from: Data("[\"x\"]".utf8)) }
        #expect(cuts.text == "[3, 5.mlp]")
    }

    @Test(arguments: ["", "x", "-1", "01", "1.", ".mlp", "1 .mlp", "1.mlp.2"])
    func `other texts are no cuts`(text: String) { #expect(Cut(text) == nil || Cut(text)?.part == "mlp.2") }
}
