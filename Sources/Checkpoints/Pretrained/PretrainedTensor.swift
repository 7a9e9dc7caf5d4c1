internal import Systems
package import Tensors

/// One tensor of a pretrained model's files.
package struct PretrainedTensor: Sendable {
    /// The file's name of it.
    package let name: String
    package let encoding: StoredEncoding
    /// Row-major, outermost axis first, whatever the file's format calls first.
    package let shape: Shape
    let bytes: TensorBytes

    /// What it takes in its file.
    package var byteCount: Int { bytes.range.count }
    /// The file that holds it.
    package var path: String { bytes.file.path }

    var rows: RowReader {
        RowReader(floats: FloatReader(bytes: bytes, encoding: encoding), extents: shape.extents)
    }
}
