import Systems

/// `events/rank-0003.events`: a header, then records of `EventLog`.
///
/// Header, little-endian: magic `ECHEVENT` (8), version (4), rank (4), clock offset ns (8, signed), its error bound ns (8),
/// byte counts of the device's and the host's name (4 + 4), then both names in UTF-8.
public enum EventFile {
    /// The version that is written; this and version 1 are read.
    public static let version: UInt32 = 2
    /// The first had neither readings of the clock nor events of handing over.
    static let oldestVersion: UInt32 = 1
    static let magic = Array("ECHEVENT".utf8)
    package static let fixedHeaderSize = 40
    static let nameLimit = 4096
    package static let largestHeader = fixedHeaderSize + 2 * nameLimit

    /// The bytes before the first record; the events of `log` are not part of it.
    static func header(_ log: RankLog) -> [UInt8] {
        let device = Array(log.device.utf8.prefix(nameLimit))
        let host = Array(log.host.utf8.prefix(nameLimit))
        var bytes = magic
        bytes.appendLittleEndian(version)
        bytes.appendLittleEndian(UInt32(clamping: log.rank))
        bytes.appendLittleEndian(log.clockOffset)
        bytes.appendLittleEndian(log.clockError)
        bytes.appendLittleEndian(UInt32(device.count))
        bytes.appendLittleEndian(UInt32(host.count))
        return bytes + device + host
    }

    /// - Returns: the log without its events, and how many bytes the header takes.
    package static func parseHeader(_ bytes: [UInt8], from file: String) throws -> (RankLog, Int) {
        guard bytes.count >= fixedHeaderSize, Array(bytes[..<magic.count]) == magic else {
            throw RunError.malformed(file: file, expected: "an event file (magic ECHEVENT)", got: "other bytes")
        }
        return try bytes.withUnsafeBytes { raw in
            let found = raw.littleEndian(UInt32.self, at: 8)
            guard (oldestVersion...version).contains(found) else {
                throw RunError.malformed(
                    file: file, expected: "a version up to \(version)", got: "version \(found)")
            }
            let offset = raw.littleEndian(Int64.self, at: 16)
            let bound = raw.littleEndian(UInt64.self, at: 24)
            guard offset.magnitude < EventLog.valueLimit, bound < EventLog.valueLimit else {
                throw RunError.malformed(
                    file: file, expected: "a clock offset below 2^60 ns", got: "\(offset) ± \(bound)")
            }
            let device = Int(raw.littleEndian(UInt32.self, at: 32))
            let host = Int(raw.littleEndian(UInt32.self, at: 36))
            let size = fixedHeaderSize + device + host
            guard device <= nameLimit, host <= nameLimit, bytes.count >= size else {
                throw RunError.malformed(
                    file: file, expected: "names within \(nameLimit) bytes and the file",
                    got: "\(device) and \(host) bytes")
            }
            let names = (bytes[fixedHeaderSize..<fixedHeaderSize + device], bytes[fixedHeaderSize + device..<size])
            let log = RankLog(
                rank: Int(raw.littleEndian(UInt32.self, at: 12)),
                device: String(decoding: names.0, as: UTF8.self).shownName,
                host: String(decoding: names.1, as: UTF8.self).shownName, clockOffset: offset, clockError: bound)
            return (log, size)
        }
    }
}

extension String {
    /// A name from a file or a peer, made safe to print: no control characters, bounded length.
    var shownName: String { printable(limit: 200) }
}
