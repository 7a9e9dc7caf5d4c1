/// Bytes of a GGUF file, of whatever the format allows or not.
struct GGUFDraft {
    var version: UInt32 = 3
    var keyCount: UInt64?
    var tensorCount: UInt64?
    /// Key, type, and the value's bytes.
    var metadata: [(key: String, type: UInt32, value: [UInt8])] = []
    /// Innermost extent first, as the format has it.
    var tensors: [(name: String, extents: [UInt64], type: UInt32, offset: UInt64)] = []
    var data = 0

    var bytes: [UInt8] {
        var bytes = Array("GGUF".utf8) + little(version) + little(tensorCount ?? UInt64(tensors.count))
        bytes += little(keyCount ?? UInt64(metadata.count))
        for (key, type, value) in metadata { bytes += string(key) + little(type) + value }
        for (name, extents, type, offset) in tensors {
            bytes += string(name) + little(UInt32(extents.count)) + extents.flatMap { little($0) }
            bytes += little(type) + little(offset)
        }
        bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
        return bytes + [UInt8](repeating: 0, count: data)
    }
}

func little(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

func string(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }
