import Foundation
import Layers
import Tensors
import Testing

/// The tensors of one file of `Fixtures`, which `make_fixtures.py` wrote: safetensors of f32, i32 and i64.
struct Fixture {
    struct Entry: Decodable {
        let dtype: String
        let shape: [Int]
        let offsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }
    }

    private struct Header: Decodable {
        let metadata: [String: String]?

        enum CodingKeys: String, CodingKey {
            case metadata = "__metadata__"
        }
    }

    private let entries: [String: Entry]
    private let bytes: Data
    /// In state-dict order.
    let parameters: [String]
    /// How a manifest writes the layer; nil for a loss, and for a layer that only a residual makes.
    let layer: String?

    /// The names of all fixtures.
    static let names = paths.keys.sorted()

    /// Where each name's file lies, below `Fixtures`.
    private static let paths: [String: String] = {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
        let pairs = paths.filter { $0.hasSuffix(".safetensors") }.map { path in
            (String(path.split(separator: "/")[1].dropLast(12)), path)
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }()

    private static let folder = Bundle.module.bundlePath + "/Fixtures"

    init(_ name: String) throws {
        let path = try #require(Self.paths[name])
        let file = try Data(contentsOf: URL(filePath: Self.folder + "/" + path))
        let length = file.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        let header = file[8..<8 + length]
        let decoder = JSONDecoder()
        let metadata = try decoder.decode(Header.self, from: header).metadata
        parameters = metadata?["parameters"]?.split(separator: " ").map(String.init) ?? []
        layer = metadata?["layer"]
        let object = try #require(try JSONSerialization.jsonObject(with: header) as? [String: Any])
        let described = object.filter { $0.key != "__metadata__" }
        entries = try decoder.decode([String: Entry].self, from: JSONSerialization.data(withJSONObject: described))
        bytes = Data(file[(8 + length)...])
    }

    /// What the layer is given: `input.0`, `input.1`, …
    var inputs: Signature {
        (0...).lazy.map { entries["input.\($0)"] }.prefix { $0 != nil }.compactMap { entry in
            entry.map { TensorSpec(Shape($0.shape), $0.dtype == "I32" ? .i32 : .f32) }
        }
    }

    func shape(_ name: String) -> Shape? { entries[name].map { Shape($0.shape) } }

    func values(_ name: String) throws -> [Double] {
        let entry = try #require(entries[name], "no \(name)")
        let range = bytes[entry.offsets[0]..<entry.offsets[1]]
        func numbers<T>(_ type: T.Type) -> [T] {
            range.withUnsafeBytes { raw in
                (0..<raw.count / MemoryLayout<T>.size).map {
                    raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: type)
                }
            }
        }
        switch entry.dtype {
        case "F32": return numbers(Float.self).map(Double.init)
        case "I32": return numbers(Int32.self).map(Double.init)
        default:
            try #require(entry.dtype == "I64")
            return numbers(Int64.self).map(Double.init)
        }
    }

    /// `output.0`, `output.1`, …
    func list(_ name: String) throws -> [[Double]] {
        var result: [[Double]] = []
        while entries["\(name).\(result.count)"] != nil { result.append(try values("\(name).\(result.count)")) }
        return result
    }
}

/// The largest difference, over the largest expected magnitude.
func relativeError(_ got: [Double], _ expected: [Double]) -> Double {
    guard got.count == expected.count, got.allSatisfy(\.isFinite) else { return .infinity }
    let scale = expected.map(\.magnitude).max() ?? 0
    let worst = zip(got, expected).map { ($0 - $1).magnitude }.max() ?? 0
    return worst == 0 ? 0 : worst / max(scale, .leastNormalMagnitude)
}
