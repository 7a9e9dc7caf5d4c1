import Checkpoints
import Systems
import Tensors
import TestSupport
import Testing

@Suite struct TensorMapTests {
    private typealias Part = StoredParameter.Part

    /// Files are stored, loaded parameter by parameter, and stored again: for maps that split, join, interleave and
    /// transpose at random.
    @Test func `whatever the map, what is loaded and stored again has the same bytes`() throws {
        var random = SplitMix64(seed: 41)
        var sharded = 0
        for round in 0..<24 {
            let folder = try TemporaryFolder()
            let (files, map) = Self.example(&random)
            #expect(map.problems == [])
            let shardByteCount = round % 2 == 0 ? .max : 900
            try files.write(to: folder.file("a"), shardByteCount: shardByteCount)
            let weights = try PretrainedWeights(path: folder.file("a")).mapped(by: map)
            for parameter in map.parameters {
                #expect(try weights.floats(parameter) == files.values(of: parameter))
            }
            let types = Dictionary(uniqueKeysWithValues: files.tensors.map { ($0.name, $0.spec.dtype) })
            let names = try map.export(to: folder.file("b"), shardByteCount: shardByteCount) { tensor in
                types[tensor.name] ?? .f32
            } read: { (parameter, rows, out) throws(CheckpointError) in
                try weights.copy(parameter, rows: rows, into: out)
            }
            sharded += names.count > 1 ? 1 : 0
            for name in names { #expect(try folder.bytes("a/" + name) == folder.bytes("b/" + name)) }
            #expect(try names.sorted() == File.names(in: folder.file("b")))
        }
        #expect(sharded > 3)
    }

    /// Tensors cut into pieces, pieces of equal width joined to parameters in any order.
    private static func example(_ random: inout SplitMix64) -> (FamilyFiles, TensorMap) {
        var files = FamilyFiles()
        var pieces: [Int: [Part]] = [:]
        var order: [String] = []
        for index in 0..<Int.random(in: 1...6, using: &random) {
            let rows = Int.random(in: 1...50, using: &random)
            let width = [0, 1, 3, 8].randomElement(using: &random) ?? 0
            let isTransposed = width > 0 && Bool.random(using: &random)
            let shape: Shape = width == 0 ? [rows] : isTransposed ? [width, rows] : [rows, width]
            let dtype = [DType.f32, .f16, .bf16].randomElement(using: &random) ?? .f32
            files.add("tensor.\(index)", shape, dtype, &random)
            order.append("tensor.\(index)")
            var start = 0
            while start < rows {
                let end = Int.random(in: start + 1...rows, using: &random)
                let step = Int.random(in: 1...min(3, end - start), using: &random)
                for first in start..<start + step {
                    pieces[width, default: []].append(
                        Part("tensor.\(index)", rows: first..<end, stride: step, isTransposed: isTransposed))
                }
                start = end
            }
        }
        var parameters: [StoredParameter] = []
        for (width, parts) in pieces.sorted(by: { $0.key < $1.key }) {
            var rest = parts.shuffled(using: &random)[...]
            while !rest.isEmpty {
                let some = Array(rest.prefix(Int.random(in: 1...4, using: &random)))
                rest = rest.dropFirst(some.count)
                let rows = some.reduce(0) { $0 + $1.count }
                parameters.append(
                    StoredParameter("\(parameters.count).weight", width == 0 ? [rows] : [rows, width], parts: some))
            }
        }
        let map = TensorMap(parameters.shuffled(using: &random))
        // Files hold tensors in the order in which parameters mention them, so that shards are cut at the same places.
        let places = Dictionary(uniqueKeysWithValues: map.storedTensors.enumerated().map { ($1.name, $0) })
        files.tensors.sort { places[$0.name, default: 0] < places[$1.name, default: 0] }
        return (files, map)
    }

    /// Larger than what is read at once, in each direction.
    @Test(
        arguments: [
            ([20, 9000], true, 1), ([20, 9000], true, 3), ([5000, 30], true, 2), ([2, 140_000], true, 1),
            ([5000, 30], false, 1), ([5000, 30], false, 3), ([3, 70_000], false, 2), ([140_000], false, 2),
        ] as [([Int], Bool, Int)])
    func `large tensors are read in tiles and bands`(_ extents: [Int], _ isTransposed: Bool, _ step: Int) throws {
        let shape = Shape(extents)
        let folder = try TemporaryFolder()
        var random = SplitMix64(seed: 5)
        var files = FamilyFiles()
        files.add("t", shape, .bf16, &random)
        try files.write(to: folder.file("a"))
        let rows = isTransposed ? shape[1] : shape[0]
        let row = isTransposed ? [shape[0]] : Array(shape.extents.dropFirst())
        let parts = (0..<step).map { Part("t", rows: $0..<rows, stride: step, isTransposed: isTransposed) }
        let map = TensorMap([StoredParameter("w", [rows] + row, parts: parts)])
        let weights = try PretrainedWeights(path: folder.file("a")).mapped(by: map)
        #expect(try weights.floats(map.parameters[0]) == files.values(of: map.parameters[0]))
        try map.export(to: folder.file("b")) { _ in
            .bf16
        } read: { (parameter, rows, out) throws(CheckpointError) in
            try weights.copy(parameter, rows: rows, into: out)
        }
        #expect(try folder.bytes("a/model.safetensors") == folder.bytes("b/model.safetensors"))
    }

    @Test func `some of a tensor's columns alone are read from between the others`() throws {
        let folder = try TemporaryFolder()
        var random = SplitMix64(seed: 6)
        var files = FamilyFiles()
        files.add("qkv", [12, 12_000], .f32, &random)
        try files.write(to: folder.path)
        func part(_ rows: Range<Int>) -> StoredParameter {
            StoredParameter("\(rows)", [rows.count, 12], parts: [Part("qkv", rows: rows, isTransposed: true)])
        }
        let map = TensorMap([part(0..<5000), part(5000..<5001), part(5001..<12_000)])
        let weights = try PretrainedWeights(path: folder.path).mapped(by: map)
        for parameter in map.parameters { #expect(try weights.floats(parameter) == files.values(of: parameter)) }
    }

    @Test func `tensors of the files are listed as parameters mention them, with their shapes`() {
        let map = TensorMap([
            StoredParameter("0.weight", [7, 4], tensor: "wte", aliases: ["head"]),
            StoredParameter(
                "1.qkv", [6, 4],
                parts: [Part("fused", rows: 0..<2, isTransposed: true), Part("fused", rows: 2..<6, isTransposed: true)]),
            StoredParameter("1.bias", [], tensor: "scale"),
            StoredParameter("2.weight", [7, 4], tensor: "wte", aliases: ["head"]),
        ])
        #expect(map.problems == [])
        #expect(map.storedTensors.map(\.names) == [["wte", "head"], ["fused"], ["scale"]])
        #expect(map.storedTensors.map(\.shape) == [[7, 4], [4, 6], []])
        #expect(map.storedTensors[1].pieces.map(\.firstRow) == [0, 2])
    }

    @Test(arguments: [
        ([StoredParameter("w", [4, 2], parts: [Part("t", rows: 0..<3)])], "w: its parts have 3 rows, not 4"),
        ([StoredParameter("w", [2, 2], parts: [Part("t", rows: 1..<3)])], "t: row 0 stands in no parameter"),
        (
            [StoredParameter("w", [3, 2], parts: [Part("t", rows: 0..<2), Part("t", rows: 1..<2)])],
            "t: row 1 stands in more than one place"
        ),
        (
            [StoredParameter("w", [2, 2], parts: [Part("t", rows: 0..<4, stride: 2)])],
            "t: row 1 stands in no parameter"
        ),
        (
            [
                StoredParameter("a", [1, 2], tensor: "t"),
                StoredParameter("b", [1, 3], parts: [Part("t", rows: 1..<2)]),
            ], "t: rows of shape [2], those of b have [3]"
        ),
        (
            [
                StoredParameter("a", [1, 2], tensor: "t", aliases: ["u"]),
                StoredParameter("b", [1, 2], parts: [Part("t", rows: 1..<2)]),
            ], "t: other aliases in b"
        ),
        ([StoredParameter("a", [2], tensor: "t"), StoredParameter("a", [2], tensor: "u")], "a: two parameters"),
        ([StoredParameter("a", [2], tensor: "t"), StoredParameter("b", [2], tensor: "m.t")], "t: names two tensors"),
        (
            [StoredParameter("a", [2], tensor: "t", aliases: ["u"]), StoredParameter("b", [2], tensor: "u")],
            "u: names two tensors"
        ),
        ([StoredParameter("a", [2, 2, 2], tensor: "t", isTransposed: true)], "a: t is transposed and no matrix"),
        ([StoredParameter("a", [2], parts: [Part("t", rows: 0..<2, stride: 0)])], "a: rows 0..<2 by 0 of t"),
    ])
    private func `a map that does not use every row once says so`(_ parameters: [StoredParameter], _ problem: String) {
        #expect(TensorMap(parameters, prefixes: ["m."]).problems.contains(problem))
    }

    @Test func `copies are of tensors that exist, under names of their own`() {
        let parameters = [StoredParameter("a", [2], tensor: "t"), StoredParameter("b", [2], tensor: "u")]
        #expect(TensorMap(parameters, copies: ["v": "t"]).problems == [])
        #expect(TensorMap(parameters, copies: ["v": "w"]).problems == ["v: a copy of w"])
        #expect(TensorMap(parameters, copies: ["u": "t"]).problems.first == "u: a copy of t")
    }
}
