import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ExportTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A vector, exported as a type; its bytes.
    private func exported(_ values: [Float], as dtype: DType) throws -> [UInt8] {
        let path = folder.file("\(folder.files.count)")
        let map = TensorMap([StoredParameter("w", [values.count], tensor: "t")])
        try map.export(to: path) { _ in
            dtype
        } read: { (_, rows, out) throws(CheckpointError) in
            for row in rows { out[row - rows.lowerBound] = values[row] }
        }
        return try SafetensorsFile(path: path + "/model.safetensors").bytes(of: "t") ?? []
    }

    private func words(_ bytes: [UInt8]) -> [UInt16] {
        stride(from: 0, to: bytes.count, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
    }

    @Test func `each bf16 and f16 comes back with the same bits`() throws {
        let brain = (0...UInt16.max).filter { !Float(bitPattern: UInt32($0) << 16).isNaN }
        #expect(try words(exported(brain.map { Float(bitPattern: UInt32($0) << 16) }, as: .bf16)) == brain)
        let half = (0...UInt16.max).filter { !Float16(bitPattern: $0).isNaN }
        #expect(try words(exported(half.map { Float(Float16(bitPattern: $0)) }, as: .f16)) == half)
    }

    @Test func `halves are rounded to the nearest, ties to even`() throws {
        let brain: [(UInt32, UInt16)] = [
            (0x3F80_8000, 0x3F80), (0x3F80_8001, 0x3F81), (0x3F81_8000, 0x3F82), (0x3F80_7FFF, 0x3F80),
            (0xBF81_8000, 0xBF82), (0x0000_8001, 0x0001), (0x7F7F_7FFF, 0x7F7F),
        ]
        #expect(try words(exported(brain.map { Float(bitPattern: $0.0) }, as: .bf16)) == brain.map(\.1))
        let half: [(Float, UInt16)] = [
            (1 + 0x1p-11, 0x3C00), (1 + 0x1.8p-10, 0x3C02), (1 + 0x1.002p-11, 0x3C01), (65519, 0x7BFF), (0x1p-25, 0),
            (0x1.8p-24, 2), (0x1.01p-25, 1),
        ]
        #expect(try words(exported(half.map(\.0), as: .f16)) == half.map(\.1))
    }

    @Test func `f32 keeps every bit`() throws {
        let bits: [UInt32] = [0, 1, 0x8000_0000, 0x7F7F_FFFF, 0x0080_0000, 0x3F80_0001, 0xC0AB_CDEF]
        let bytes = bits.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
        #expect(try exported(bits.map(Float.init(bitPattern:)), as: .f32) == bytes)
    }

    @Test(arguments: [(DType.f16, Float(65520), "bf16 or f32"), (.bf16, .greatestFiniteMagnitude, "f32")])
    func `what a type cannot hold is refused by name and nothing is left`(
        _ dtype: DType, _ value: Float, _ advice: String
    ) throws {
        let error = try #require(throws: CheckpointError.self) { try exported([1, value, -value], as: dtype) }
        #expect(
            error.description
                == "\(folder.path)/0/: tensor \"t\": 2 of its values are too large for \(dtype): write it as \(advice)")
        #expect(folder.files.isEmpty)
    }

    @Test func `copies are written under their own names, ties once`() throws {
        let map = TensorMap(
            [StoredParameter("0.w", [2], tensor: "wte"), StoredParameter("9.w", [2], tensor: "wte")],
            copies: ["head": "wte"])
        try map.export(to: folder.path) {
            $0.name == "wte" ? .bf16 : .f32
        } read: { (parameter, rows, out) in
            for row in rows { out[row - rows.lowerBound] = parameter.name == "0.w" ? Float(row) : .nan }
        }
        let file = try SafetensorsFile(path: folder.file("model.safetensors"))
        #expect(file.tensors.map(\.name).sorted() == ["head", "wte"])
        #expect(file.tensors.allSatisfy { $0.type == .bf16 })
        #expect(try file.bytes(of: "head") == file.bytes(of: "wte") && file.bytes(of: "wte") == [0, 0, 0x80, 0x3F])
    }
}
