internal import Glibc

/// Moves bytes between tensors that lie in host memory, whatever their dtype.
package enum HostMemory {
    /// What an allocation throws that the system refused; reads `errno`.
    package static func exhausted(byteCount: Int) -> TensorError {
        TensorError(
            "memory", expected: "\(byteCount) bytes", got: "\(String(cString: strerror(errno)))", isLacking: true)
    }

    package static func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) {
        precondition(bytes.count == tensor.byteCount, "upload of \(bytes.count) bytes to \(tensor.spec)")
        guard let source = bytes.baseAddress else { return }
        tensor.address.copyMemory(from: source, byteCount: bytes.count)
    }

    package static func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count == tensor.byteCount, "download of \(tensor.spec) to \(bytes.count) bytes")
        bytes.baseAddress?.copyMemory(from: tensor.address, byteCount: bytes.count)
    }

    package static func copy(_ x: Tensor, to y: Tensor) {
        precondition(x.dtype == y.dtype && x.count == y.count, "copy of \(x.spec) to \(y.spec)")
        y.address.copyMemory(from: x.address, byteCount: x.byteCount)
    }

    /// y[:, start ..< start + x.width] = x
    package static func insertColumns(_ x: Tensor, into y: Tensor, at start: Int) {
        let (from, to) = columns(narrow: x, wide: y, start: start)
        copyRows(from, to, count: x.shape.rows)
    }

    /// y = x[:, start ..< start + y.width]
    package static func extractColumns(_ x: Tensor, from start: Int, into y: Tensor) {
        let (to, from) = columns(narrow: y, wide: x, start: start)
        copyRows(from, to, count: y.shape.rows)
    }

    /// Equally long rows, `stride` bytes apart.
    private struct Rows {
        var address: UnsafeMutableRawPointer
        var stride: Int
        var byteCount: Int
    }

    private static func columns(narrow: Tensor, wide: Tensor, start: Int) -> (narrow: Rows, wide: Rows) {
        let fits = start >= 0 && start + narrow.shape.width <= wide.shape.width
        precondition(
            narrow.dtype == wide.dtype && narrow.shape.rows == wide.shape.rows && fits,
            "columns from \(start): \(narrow.spec) does not fit \(wide.spec)")
        let size = narrow.dtype.size
        let byteCount = narrow.shape.width * size
        return (
            Rows(address: narrow.address, stride: byteCount, byteCount: byteCount),
            Rows(address: wide.address + start * size, stride: wide.shape.width * size, byteCount: byteCount)
        )
    }

    private static func copyRows(_ from: Rows, _ to: Rows, count: Int) {
        for row in 0..<count {
            (to.address + row * to.stride).copyMemory(from: from.address + row * from.stride, byteCount: to.byteCount)
        }
    }
}
