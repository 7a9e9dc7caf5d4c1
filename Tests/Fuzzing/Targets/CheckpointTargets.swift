import Tensors

@testable import Checkpoints
@testable import Families

extension FuzzTarget {
    private static let folder = FuzzFolder("checkpoints")
    /// Elements of a tensor that are read.
    private static let mostElements = 4096

    static let checkpoints = [
        FuzzTarget("safetensors") { bytes in
            try read(SafetensorsFile(path: folder.put(bytes, as: "x.safetensors")))
        },
        // The same with a length in front that fits, and some data behind.
        FuzzTarget("safetensors-header") { bytes in
            let count = (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) }
            let data = [UInt8](repeating: 0x3F, count: 64)
            try read(SafetensorsFile(path: folder.put(count + bytes + data, as: "x.safetensors")))
        },
        FuzzTarget("safetensors-index") { bytes in
            _ = try SafetensorsIndex(path: folder.put(bytes, as: "x.safetensors.index.json")).files
        },
        FuzzTarget("gguf", longest: 4096) { bytes in
            let file = try GGUFFile(path: folder.put(bytes, as: "x.gguf"))
            try read(file.tensors)
            attempt { _ = try FamilyModel(gguf: file) }
            attempt { try use(FamilyTokenizer.load(file.path)) }
        },
    ]

    private static func read(_ file: SafetensorsFile) throws {
        for tensor in file.tensors { _ = try file.bytes(of: tensor.name) }
        try read(file.pretrainedTensors)
    }

    private static func read(_ tensors: [PretrainedTensor]) throws {
        for tensor in tensors where tensor.encoding.isFloatingPoint {
            let count = min(tensor.shape.count, mostElements)
            var values = [Float](repeating: 0, count: count)
            try values.withUnsafeMutableBufferPointer { try tensor.rows.floats.read(0..<count, into: $0) }
        }
    }
}
