/// Makes the bytes of one tensor of the family's files out of rows of the model's parameters.
struct TensorFiller {
    let tensor: FamilyTensor
    let parameters: [StoredParameter]
    let type: StoredType
    /// Where it goes, for errors.
    let path: String

    /// Elements that are brought together before they are written: of a transposed tensor more, as each of its rows needs
    /// something of every row of the parameters.
    private static let bandCount = 1 << 17
    private static let transposedBandCount = 1 << 24

    typealias Append = (UnsafeRawBufferPointer) throws(CheckpointError) -> Void

    /// - Parameter append: takes the tensor's bytes in order.
    func fill(_ read: TensorMap.ReadRows, _ append: Append) throws(CheckpointError) {
        // Checked when the files were laid out: no product overflows.
        let height = tensor.shape.first ?? 1
        let width = tensor.shape.dropFirst().reduce(1, *)
        guard height > 0, width > 0 else { return }
        let most = (tensor.isTransposed ? Self.transposedBandCount : Self.bandCount) / width
        let rows = min(max(most, 1), height)
        let band = UnsafeMutableBufferPointer<Float>.allocate(capacity: rows * width)
        defer { band.deallocate() }
        var overflows = 0
        for first in stride(from: 0, to: height, by: rows) {
            let range = first..<min(first + rows, height)
            for piece in tensor.pieces {
                try tensor.isTransposed
                    ? addColumns(piece, to: band, range, height, width, read)
                    : addRows(piece, to: band, range, width, read)
            }
            let whole = UnsafeBufferPointer(rebasing: band[..<(range.count * width)])
            overflows += try write(whole, append)
        }
        if overflows > 0 { throw .beyondRange(path: path, name: tensor.name, count: overflows, type: type) }
    }

    /// Rows of a parameter that lie in a band of the tensor.
    private func addRows(
        _ piece: FamilyTensor.Piece, to band: UnsafeMutableBufferPointer<Float>, _ range: Range<Int>, _ width: Int,
        _ read: TensorMap.ReadRows
    ) throws(CheckpointError) {
        let part = piece.part
        let rows = part.filled(within: range)
        guard !rows.isEmpty else { return }
        let (parameter, first) = (parameters[piece.parameter], piece.firstRow)
        let place = (part.rows.lowerBound + rows.lowerBound * part.stride - range.lowerBound) * width
        let source = first + rows.lowerBound..<first + rows.upperBound
        if part.stride == 1 {
            let slice = UnsafeMutableBufferPointer(rebasing: band[place..<place + rows.count * width])
            return try read(parameter, source, slice)
        }
        let packed = UnsafeMutableBufferPointer<Float>.allocate(capacity: rows.count * width)
        defer { packed.deallocate() }
        try read(parameter, source, packed)
        for row in 0..<rows.count {
            let target = place + row * part.stride * width
            for column in 0..<width { band[target + column] = packed[row * width + column] }
        }
    }

    /// The same of a tensor that is stored as [in, out]: rows of the parameter are its columns.
    private func addColumns(
        _ piece: FamilyTensor.Piece, to band: UnsafeMutableBufferPointer<Float>, _ range: Range<Int>, _ height: Int,
        _ width: Int, _ read: TensorMap.ReadRows
    ) throws(CheckpointError) {
        let part = piece.part
        let most = max(Self.bandCount / height, 1)
        let rows = UnsafeMutableBufferPointer<Float>.allocate(capacity: min(most, part.count) * height)
        defer { rows.deallocate() }
        for first in stride(from: 0, to: part.count, by: most) {
            let count = min(most, part.count - first)
            let source = piece.firstRow + first..<piece.firstRow + first + count
            let slice = UnsafeMutableBufferPointer(rebasing: rows[..<(count * height)])
            try read(parameters[piece.parameter], source, slice)
            let column = part.rows.lowerBound + first * part.stride
            for line in range {
                let target = (line - range.lowerBound) * width + column
                for row in 0..<count { band[target + row * part.stride] = slice[row * height + line] }
            }
        }
    }

    /// - Returns: how many values are beyond the type's range.
    private func write(_ values: UnsafeBufferPointer<Float>, _ append: Append) throws(CheckpointError) -> Int {
        if type == .f32 {
            try append(UnsafeRawBufferPointer(values))
            return 0
        }
        let most = min(values.count, Self.bandCount)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: most * type.size, alignment: 64)
        defer { bytes.deallocate() }
        var overflows = 0
        for first in stride(from: 0, to: values.count, by: most) {
            let slice = UnsafeBufferPointer(rebasing: values[first..<min(first + most, values.count)])
            let room = UnsafeMutableRawBufferPointer(rebasing: bytes[..<(slice.count * type.size)])
            overflows += convertFromFloats(slice, to: type, into: room)
            try append(UnsafeRawBufferPointer(room))
        }
        return overflows
    }
}

extension StoredParameter.Part {
    /// Which of its rows, counted from its first, lie in a range of the tensor's.
    fileprivate func filled(within range: Range<Int>) -> Range<Int> {
        func index(_ row: Int) -> Int { min(max((row - rows.lowerBound + stride - 1) / stride, 0), count) }
        let end = range.upperBound <= rows.lowerBound ? 0 : index(range.upperBound)
        let begin = range.lowerBound <= rows.lowerBound ? 0 : index(range.lowerBound)
        return begin..<max(begin, end)
    }
}
