import Glibc
public import Tensors

extension CPUBackend {
    /// 64-byte aligned; large blocks lie on huge pages where the system grants them. Contents are undefined at first.
    public func allocate(byteCount: Int) throws(TensorError) -> DeviceMemory {
        precondition(byteCount >= 0, "allocation of \(byteCount) bytes")
        if byteCount >= HugePages.size { return try HugePages.allocate(byteCount: byteCount) }
        guard let address = aligned_alloc(64, (max(byteCount, 64) + 63) / 64 * 64) else {
            throw HostMemory.exhausted(byteCount: byteCount)
        }
        return DeviceMemory(address: address, byteCount: byteCount) { free($0) }
    }

    public func hostView(_ tensor: Tensor) -> UnsafeMutableRawBufferPointer? {
        UnsafeMutableRawBufferPointer(start: tensor.address, count: tensor.byteCount)
    }

    public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) {
        HostMemory.upload(bytes, to: tensor)
    }

    public func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) {
        HostMemory.download(tensor, to: bytes)
    }

    public func zero(_ x: Tensor) {
        x.address.initializeMemory(as: UInt8.self, repeating: 0, count: x.byteCount)
    }

    public func copy(_ x: Tensor, to y: Tensor) { HostMemory.copy(x, to: y) }

    public func insertColumns(_ x: Tensor, into y: Tensor, at start: Int) {
        HostMemory.insertColumns(x, into: y, at: start)
    }

    public func extractColumns(_ x: Tensor, from start: Int, into y: Tensor) {
        HostMemory.extractColumns(x, from: start, into: y)
    }

    public func gatherRows(_ x: Tensor, _ rows: Tensor, into y: Tensor) { HostMemory.gatherRows(x, rows, into: y) }
    public func scatterRows(_ x: Tensor, _ rows: Tensor, into y: Tensor) { HostMemory.scatterRows(x, rows, into: y) }
}
