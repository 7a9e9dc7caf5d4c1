import Transport

/// A record of a TensorBoard event file: `tensorflow.Event`, of which it holds the few fields that scalars need.
///
///     record   u64 length · u32 masked CRC of the length · message · u32 masked CRC of the message      little-endian
///     Event    1 wall_time double · 2 step int64 · 3 file_version string · 5 summary Summary
///     Summary  1 value, repeated: 1 tag string · 2 simple_value float
package struct TensorBoardEvent {
    /// A value of a step, by its name: `Train/loss`.
    package typealias Scalar = (tag: String, value: Double)

    /// The first record of a file says which form the others have.
    package static func version(wallTime: Double) -> [UInt8] {
        var event = ProtocolBuffer()
        event.put(1, wallTime)
        event.put(3, "brain.Event:2".utf8)
        return record(event.bytes)
    }

    /// - Parameters:
    ///   - scalars: kept as f32, as TensorBoard has them.
    ///   - step: counted from 1.
    ///   - wallTime: seconds since 1970.
    package static func scalars(_ scalars: [Scalar], step: Int, wallTime: Double) -> [UInt8] {
        var summary = ProtocolBuffer()
        for scalar in scalars {
            var value = ProtocolBuffer()
            value.put(1, scalar.tag.utf8)
            value.put(2, Float(scalar.value))
            summary.put(1, value.bytes)
        }
        var event = ProtocolBuffer()
        event.put(1, wallTime)
        event.put(2, step)
        event.put(5, summary.bytes)
        return record(event.bytes)
    }

    private static func record(_ message: [UInt8]) -> [UInt8] {
        let length = withUnsafeBytes(of: UInt64(message.count).littleEndian) { Array($0) }
        return length + mask(length) + message + mask(message)
    }

    /// A CRC of data that hold CRCs themselves is weak, so TensorFlow's records turn and shift theirs.
    private static func mask(_ bytes: [UInt8]) -> [UInt8] {
        let crc = bytes.withUnsafeBytes { CRC32C.checksum($0) }
        return withUnsafeBytes(of: ((crc >> 15 | crc << 17) &+ 0xA282_EAD8).littleEndian) { Array($0) }
    }
}
