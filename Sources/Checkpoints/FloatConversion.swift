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

/// Converts f32 to little-endian elements of a floating-point type, at any alignment: to the nearest, ties to even.
/// - Returns: how many finite values have become infinite: f16 ends at 65504, bf16 just below f32's largest.
func convertFromFloats(
    _ floats: UnsafeBufferPointer<Float>, to type: StoredType, into out: UnsafeMutableRawBufferPointer
) -> Int {
    precondition(out.count == floats.count * type.size, "\(out.count) bytes for \(floats.count) elements of \(type)")
    var overflows = 0
    switch type {
    case .f32: out.copyMemory(from: UnsafeRawBufferPointer(floats))
    case .f64: for i in floats.indices { store(Double(floats[i]).bitPattern, out, i) }
    case .f16:
        for i in floats.indices {
            let value = Float16(floats[i])
            overflows += value.isInfinite && floats[i].isFinite ? 1 : 0
            store(value.bitPattern, out, i)
        }
    case .bf16:
        for i in floats.indices {
            let bits = bfloat16(floats[i])
            overflows += bits & 0x7FFF == 0x7F80 && floats[i].isFinite ? 1 : 0
            store(bits, out, i)
        }
    case .bool, .u8, .i8, .i16, .i32, .i64: preconditionFailure("\(type) is no floating-point type")
    }
    return overflows
}

/// The upper half of an f32's bits, rounded. What is not a number stays so.
private func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
}

private func store<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ bits: Bits, _ out: UnsafeMutableRawBufferPointer, _ index: Int
) {
    out.storeBytes(of: bits.littleEndian, toByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
}

private func load<Bits: FixedWidthInteger & BitwiseCopyable>(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Bits {
    Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self))
}

/// How many elements of a floating-point type are not finite as f32: infinities, what is not a number, and f64 values
/// that round to an infinity. A loop without a branch over the bits, which without their sign are ordered like the
/// values: several GB/s. The bytes are aligned to their type.
func countNotFinite(_ bytes: UnsafeRawBufferPointer, of type: StoredType) -> Int {
    switch type {
    case .f32: count(bytes, notBelow: Float.infinity.bitPattern)
    case .f16: count(bytes, notBelow: Float16.infinity.bitPattern)
    case .bf16: count(bytes, notBelow: UInt16(Float.infinity.bitPattern >> 16))
    // Halfway between the largest f32 and the next power of two.
    case .f64: count(bytes, notBelow: (Double(Float.greatestFiniteMagnitude) + 0x1p103).bitPattern)
    case .bool, .u8, .i8, .i16, .i32, .i64: 0
    }
}

private func count<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, notBelow limit: Bits
) -> Int {
    var count: Bits = 0
    var total = 0
    let elements = bytes.bindMemory(to: Bits.self)
    let withoutSign = Bits.max >> 1
    // Counted in the elements' own width, so that as many fit a vector; no count overflows within a block.
    for start in stride(from: 0, to: elements.count, by: 1 << 15) {
        count = 0
        for index in start..<min(start + (1 << 15), elements.count) {
            count &+= Bits(littleEndian: elements[index]) & withoutSign >= limit ? 1 : 0
        }
        total += Int(count)
    }
    return total
}
