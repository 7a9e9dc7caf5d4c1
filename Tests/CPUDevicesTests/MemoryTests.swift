import CPUDevices
import Tensors
import Testing

@Suite struct MemoryTests {
    let lab = Lab()

    @Test(arguments: [0, 1, 63, 4096, 5 << 20]) func `allocations are aligned`(byteCount: Int) throws {
        let memory = try lab.backend.allocate(byteCount: byteCount)
        #expect(UInt(bitPattern: memory.address) % 64 == 0)
        #expect(memory.byteCount == byteCount)
        if byteCount >= 2 << 20 { #expect(UInt(bitPattern: memory.address) % (2 << 20) == 0) }
        memory.address.initializeMemory(as: UInt8.self, repeating: 1, count: byteCount)
    }

    @Test(arguments: [1 << 60, .max]) func `memory that the system does not grant is the caller's error`(byteCount: Int)
    {
        let error = #expect(throws: TensorError.self) { _ = try lab.backend.allocate(byteCount: byteCount) }
        #expect(error?.description == "memory: expected \(byteCount) bytes, got Cannot allocate memory")
    }

    @Test(arguments: DType.allCases) func `uploaded bytes are downloaded unchanged`(dtype: DType) {
        let bytes = (0..<15 * dtype.size).map { UInt8($0) }
        let (x, y) = (lab.empty([3, 5], dtype), lab.empty([5, 3], dtype))
        bytes.withUnsafeBytes { lab.backend.upload($0, to: x) }
        lab.backend.copy(x, to: y)
        #expect(lab.bytes(y) == bytes)
        lab.backend.zero(y)
        #expect(lab.bytes(y) == [UInt8](repeating: 0, count: bytes.count))
    }

    @Test(arguments: DType.allCases) func `columns are inserted and extracted`(dtype: DType) {
        let wide = lab.empty([3, 5], dtype)
        let narrow = lab.empty([3, 2], dtype)
        let back = lab.empty([3, 2], dtype)
        let bytes = (0..<6 * dtype.size).map { UInt8($0 + 1) }
        lab.backend.zero(wide)
        bytes.withUnsafeBytes { lab.backend.upload($0, to: narrow) }
        lab.backend.insertColumns(narrow, into: wide, at: 2)
        lab.backend.extractColumns(wide, from: 2, into: back)
        #expect(lab.bytes(back) == bytes)
        let size = dtype.size
        for (index, byte) in lab.bytes(wide).enumerated() {
            let column = index / size % 5
            let row = index / size / 5
            let inside = (2..<4).contains(column)
            #expect(byte == (inside ? bytes[(row * 2 + column - 2) * size + index % size] : 0))
        }
    }

    @Test(arguments: [DType.f32, .bf16, .i32])
    func `gathered rows go back to their places, and all others become 0`(_ dtype: DType) {
        let (wide, narrow) = (lab.empty([5, 3], dtype), lab.empty([2, 3], dtype))
        let rows = lab.empty([2], .i32)
        let bytes = (0..<wide.byteCount).map { UInt8($0 + 1) }
        bytes.withUnsafeBytes { lab.backend.upload($0, to: wide) }
        [Int32(1), 4].withUnsafeBytes { lab.backend.upload($0, to: rows) }
        lab.backend.gatherRows(wide, rows, into: narrow)
        let row = 3 * dtype.size
        #expect(lab.bytes(narrow) == Array(bytes[row..<2 * row] + bytes[(4 * row)...]))
        lab.backend.scatterRows(narrow, rows, into: wide)
        #expect(lab.bytes(wide) == bytes.indices.map { [1, 4].contains($0 / row) ? bytes[$0] : 0 })
    }

    @Test(arguments: oddSizes) func `addition may overwrite either operand`(count: Int) {
        let (a, b) = (numbers(count, seed: 1), numbers(count, seed: 2))
        let sum = zip(a, b).map(+)
        for place in 0..<3 {
            let (x, y, z) = (lab.tensor(a), lab.tensor(b), lab.garbage([count]))
            let target = [x, y, z][place]
            lab.backend.add(x, y, into: target)
            expectClose(lab.floats(target), sum, tolerance: 1e-7)
        }
    }
}
