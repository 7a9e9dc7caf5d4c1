@testable import Runs
@testable import Transport

extension FuzzTarget {
    static let messages = [
        FuzzTarget("frame-header", longest: 256) { bytes in
            attempt { _ = try FrameHeader(decoding: bytes) }
            // The same with a size and a checksum that fit: what a peer that means harm sends.
            var whole = bytes.prefix(FrameHeader.encodedSize) + [UInt8](repeating: 0, count: FrameHeader.encodedSize)
            whole = whole.prefix(FrameHeader.encodedSize)
            let checked = FrameHeader.encodedSize - 4
            let crc = whole.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<checked])) }
            for place in 0..<4 { whole[checked + place] = UInt8(truncatingIfNeeded: crc >> (8 * UInt32(place))) }
            let header = try FrameHeader(decoding: Array(whole))
            precondition(header.encoded() == Array(whole), "\(header) is not what was sent")
        },
        FuzzTarget("control-message", longest: 1024) { bytes in
            let (message, runID) = try ControlMessage.decode(bytes)
            // Texts may differ: what is made safe to print is longer, and may be cut.
            let second = again("\(message)") { try ControlMessage.decode(message.encoded(runID: runID)) }
            precondition(second.runID == runID)
        },
        // Messages of three connections, a byte that says whose and how many bytes before each.
        FuzzTarget("rendezvous", longest: 1024) { bytes in
            var rendezvous = Rendezvous(world: 2, digest: "x")
            var rest = bytes[...]
            while let first = rest.popFirst(), let count = rest.popFirst() {
                let peer = Rendezvous.Peer([first % 3])
                let message = Array(rest.prefix(Int(count)))
                rest = rest.dropFirst(Int(count))
                attempt {
                    switch try ControlMessage.decode(message).message {
                    case .hello(let hello): _ = rendezvous.receive(hello, from: peer)
                    case .ready: _ = rendezvous.ready(from: peer)
                    default: _ = rendezvous.lost(peer)
                    }
                }
                _ = rendezvous.missing
                _ = rendezvous.timedOut(seconds: 1).description
            }
        },
        FuzzTarget("worker-message", longest: 1024) { bytes in
            attempt {
                let message = try WorkerMessage(bytes, from: 1)
                if case .events(let chunk) = message { _ = try EventLog.decode(chunk) }
                let written = message.encoded()
                let second = again("\(message)") { try WorkerMessage(written).encoded() }
                precondition(second == written, "\(message)")
            }
            let message: CoordinatorMessage = try CoordinatorMessage(bytes)
            let second = again("\(message)") { try CoordinatorMessage(message.encoded()).encoded() }
            precondition(second == message.encoded(), "\(message)")
        },
    ]
}
