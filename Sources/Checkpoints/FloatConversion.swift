/// Converts little-endian floating-point elements at any alignment to f32. f16 and bf16 convert exactly, f64 rounds to
/// nearest.
func convertToFloats(_ bytes: UnsafeRawBufferPointer, of type: StoredType, into out: UnsafeMutableBufferPointer<Float>)
{
    precondition(bytes.count == out.count * type.size, "\(bytes.count) bytes for \(out.count) elements of \(type)")
    switch type {
    case .f32: UnsafeMutableRawBufferPointer(out).copyMemory(from: bytes)
    case .f16:
        for i in out.indices { out[i] = Float(Float16(bitPattern: load(bytes, i))) }
    case .bf16:
        for i in out.indices { out[i] = Float(bitPattern: UInt32(load(bytes, i) as UInt16) << 16) }
    case .f64:
        for i in out.indices { out[i] = Float(Double(bitPattern: load(bytes, i))) }
    case .bool, .u8, .i8, .i16, .i32, .i64: preconditionFailure("\(type) is no floating-point type")
    }
}

private func load<Bits: FixedWidthInteger & BitwiseCopyable>(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Bits {
    Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self))
}
