/// Rows of a stored tensor, as the parts of parameters name them, brought into a parameter's order.
///
/// Only what holds the rows is read: with a stride also what lies between them, unless that is much. Beside what it fills
/// it takes a mebibyte.
struct RowReader: Sendable {
    let floats: FloatReader
    /// The stored tensor's axes, as the file has them.
    let extents: [Int]

    private static let scratchCount = 1 << 17
    /// A row and what follows up to the next one is read over while it has fewer elements.
    private static let longGap = 1 << 16
    /// Columns that are transposed at once, where not all of them are.
    private static let tileWidth = 1 << 12

    /// Whether the tensor has these rows, of `length` elements each.
    func has(_ part: StoredParameter.Part, length: Int) -> Bool {
        guard part.rows.lowerBound >= 0, part.stride >= 1 else { return false }
        let rows: Int
        if part.isTransposed {
            guard extents.count == 2, extents[0] == length else { return false }
            rows = extents[1]
        } else {
            guard CheckedExtents.count(extents.dropFirst()) == length else { return false }
            rows = extents.first ?? 1
        }
        return part.count == 0 || part.lastRow < rows
    }

    /// Fills `out` with the part's rows, of `length` elements each. The tensor must have them.
    func read(
        _ part: StoredParameter.Part, length: Int, into out: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        precondition(out.count == part.count * length, "\(out.count) elements for \(part.count) rows of \(length)")
        guard !out.isEmpty else { return }
        if part.isTransposed {
            try readColumns(part, into: out)
        } else if part.stride == 1 {
            let start = part.rows.lowerBound * length
            try floats.read(start..<start + out.count, into: out)
        } else if part.stride * length >= Self.longGap {
            for row in 0..<part.count {
                let start = (part.rows.lowerBound + row * part.stride) * length
                let slice = out[row * length..<(row + 1) * length]
                try floats.read(start..<start + length, into: UnsafeMutableBufferPointer(rebasing: slice))
            }
        } else {
            try readSpread(part, length, into: out)
        }
    }

    /// Rows that lie close to each other: read together, the wanted ones picked.
    private func readSpread(
        _ part: StoredParameter.Part, _ length: Int, into out: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        let step = part.stride * length
        let most = Self.scratchCount / step
        let scratch = UnsafeMutableBufferPointer<Float>.allocate(capacity: min(most, part.count) * step)
        defer { scratch.deallocate() }
        for first in stride(from: 0, to: part.count, by: most) {
            let count = min(most, part.count - first)
            let start = (part.rows.lowerBound + first * part.stride) * length
            let span = UnsafeMutableBufferPointer(rebasing: scratch[..<((count - 1) * step + length)])
            try floats.read(start..<start + span.count, into: span)
            for row in 0..<count {
                for column in 0..<length { out[(first + row) * length + column] = span[row * step + column] }
            }
        }
    }

    /// Columns of a tensor that is stored as [in, out] become rows of `in` elements, tile by tile.
    private func readColumns(
        _ part: StoredParameter.Part, into out: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        let (height, width) = (extents[0], extents[1])
        let tileRows = min(part.count, max(1, Self.tileWidth / part.stride))
        let widest = min(width, (tileRows - 1) * part.stride + 1)
        let most = min(height, max(1, Self.scratchCount / widest))
        let scratch = UnsafeMutableBufferPointer<Float>.allocate(capacity: most * widest)
        defer { scratch.deallocate() }
        for first in stride(from: 0, to: part.count, by: tileRows) {
            let count = min(tileRows, part.count - first)
            let start = part.rows.lowerBound + first * part.stride
            let columns = start..<start + (count - 1) * part.stride + 1
            for top in stride(from: 0, to: height, by: most) {
                let rows = top..<min(top + most, height)
                try readTile(rows, columns, width, into: scratch)
                for row in 0..<count {
                    let target = (first + row) * height + top
                    for index in rows.indices {
                        out[target + index - top] = scratch[(index - top) * columns.count + row * part.stride]
                    }
                }
            }
        }
    }

    /// Some columns of some rows, row after row.
    private func readTile(
        _ rows: Range<Int>, _ columns: Range<Int>, _ width: Int, into scratch: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        if columns.count == width {
            let all = UnsafeMutableBufferPointer(rebasing: scratch[..<(rows.count * width)])
            return try floats.read(rows.lowerBound * width..<rows.upperBound * width, into: all)
        }
        for row in rows {
            let start = row * width + columns.lowerBound
            let place = (row - rows.lowerBound) * columns.count
            let line = UnsafeMutableBufferPointer(rebasing: scratch[place..<place + columns.count])
            try floats.read(start..<start + columns.count, into: line)
        }
    }
}
