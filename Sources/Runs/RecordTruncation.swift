import Foundation
import Glibc
package import Systems

/// Takes out of a run's files what was written of steps behind the one that it goes on from.
package enum RecordTruncation {
    /// Of a file with a line for each step, whose first number is the step's: keeps the lines up to a step.
    /// - Parameter prefix: what a line begins with before that number: `{"step":`; lines that begin otherwise stay.
    /// - Returns: the lines that are taken out; none where there is no such file.
    @discardableResult
    package static func keep(
        upTo step: Int, in path: String, prefix: String
    ) throws(SystemError) -> [String] {
        guard File.exists(path) else { return [] }
        let stream = try FileStream(path)
        var (rest, end, taken): ([UInt8], Int, [String]) = ([], 0, [])
        var isKeeping = true
        while true {
            let count = try stream.read(1 << 16, into: &rest)
            var start = 0
            while let newline = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = rest[start..<newline]
                if let number = number(line, behind: prefix), number > step { isKeeping = false }
                if isKeeping { end += newline + 1 - start } else { taken.append(String(decoding: line, as: UTF8.self)) }
                start = newline + 1
            }
            rest.removeFirst(start)
            // What is longer than any line is none.
            guard count > 0, rest.count < 1 << 22 else { break }
        }
        try File.truncate(path, to: end)
        return taken
    }

    private static func number(_ line: ArraySlice<UInt8>, behind prefix: String) -> Int? {
        guard line.starts(with: prefix.utf8) else { return nil }
        let digits = line.dropFirst(prefix.utf8.count).prefix { (48...57).contains($0) }
        return digits.isEmpty ? nil : Int(String(decoding: digits, as: UTF8.self))
    }

    /// The same of TensorBoard's records.
    package static func keepEvents(upTo step: Int, in path: String) throws(SystemError) {
        let stream = try FileStream(path)
        var (bytes, end): ([UInt8], Int) = ([], 0)
        while true {
            let count = try stream.read(1 << 20, into: &bytes)
            var start = 0
            while bytes.count - start >= 12 {
                let length = bytes.withUnsafeBytes { $0.littleEndian(UInt64.self, at: start) }
                guard length < 1 << 24 else { return try File.truncate(path, to: end) }
                let whole = Int(length) + 16
                guard bytes.count - start >= whole else { break }
                let message = bytes[start + 12..<start + 12 + Int(length)]
                if let number = TensorBoardEvent.step(of: message), number > step {
                    return try File.truncate(path, to: end)
                }
                (start, end) = (start + whole, end + whole)
            }
            bytes.removeFirst(start)
            guard count > 0 else { return try File.truncate(path, to: end) }
        }
    }
}

extension TensorBoardEvent {
    /// The step of an event: the varint of field 2, behind the wall time of field 1. nil where it has none.
    static func step(of message: ArraySlice<UInt8>) -> Int? {
        var rest = message
        if rest.first == 1 << 3 | 1 { rest = rest.dropFirst(9) }
        guard rest.first == 2 << 3 else { return nil }
        var (value, shift): (UInt64, UInt64) = (0, 0)
        for byte in rest.dropFirst().prefix(9) {
            value |= UInt64(byte & 0x7F) << shift
            guard byte & 0x80 != 0 else { return Int(exactly: value) }
            shift += 7
        }
        return nil
    }
}
