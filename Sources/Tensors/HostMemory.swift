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

    /// y[i] = x[rows[i]]
    package static func gatherRows(_ x: Tensor, _ rows: Tensor, into y: Tensor) {
        let byteCount = rowBytes(wide: x, rows, narrow: y)
        for (index, row) in numbers(rows).enumerated() {
            (y.address + index * byteCount).copyMemory(from: x.address + Int(row) * byteCount, byteCount: byteCount)
        }
    }

    /// y[rows[i]] = x[i]; all other rows of y become 0.
    package static func scatterRows(_ x: Tensor, _ rows: Tensor, into y: Tensor) {
        let byteCount = rowBytes(wide: y, rows, narrow: x)
        y.address.initializeMemory(as: UInt8.self, repeating: 0, count: y.byteCount)
        for (index, row) in numbers(rows).enumerated() {
            (y.address + Int(row) * byteCount).copyMemory(from: x.address + index * byteCount, byteCount: byteCount)
        }
    }

    private static func rowBytes(wide: Tensor, _ rows: Tensor, narrow: Tensor) -> Int {
        let fits =
            narrow.dtype == wide.dtype && narrow.shape.width == wide.shape.width && narrow.shape.rows == rows.count
        precondition(fits, "\(rows.count) rows of \(wide.spec) do not fit \(narrow.spec)")
        precondition(numbers(rows).allSatisfy { 0..<wide.shape.rows ~= Int($0) }, "a row outside \(wide.spec)")
        return wide.shape.width * wide.dtype.size
    }

    private static func numbers(_ rows: Tensor) -> UnsafeBufferPointer<Int32> {
        precondition(rows.dtype == .i32, "numbers of rows in \(rows.spec)")
        return UnsafeBufferPointer(start: rows.address.assumingMemoryBound(to: Int32.self), count: rows.count)
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
