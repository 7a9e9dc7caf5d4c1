internal import CZeroMQ
internal import Systems

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let what, let expected, let got): "malformed \(what): expected \(expected), got \(got)"
        case .otherVersion(let got, let own):
            "it is another version of this program: it speaks version \(got) of the coordinator's protocol, this one \(own)"
        case .mismatch(let link, let source, let destination, let differences):
            "link \(link), rank \(source) → rank \(destination): \(differences)"
        case .corrupt(let link, let source, let destination, let message, let expected, let got):
            "link \(link), rank \(source) → rank \(destination): the payload of \(message) is corrupt: "
                + "rank \(source) computed CRC32C \(hex(expected)), rank \(destination) got \(hex(got))"
        case .violation(let rank, let what): "rank \(rank) broke the protocol: \(what)"
        case .peerGone(let rank): "rank \(rank) is gone: its connection ended without a goodbye"
        case .peerLeft(let rank, let link): "rank \(rank) said goodbye while link \(link) still needs it"
        case .coordinatorGone: "the coordinator is gone"
        case .refused(let text): "the coordinator refused this worker: \(text)"
        case .aborted(let text): text
        case .closed: "the endpoint is closed"
        case .timedOut(let what, let seconds): "\(what) within \(seconds) s"
        case .missingRanks(let ranks, let world, let stage, let seconds):
            "\(Rendezvous.names(ranks)) of \(world) did not \(stage.verb) within \(seconds) s"
        case .address(let address, let reason): "\(address.printable(limit: 300)): \(reason)"
        case .links(let text): text
        case .noCURVE:
            "connections over TCP are encrypted, and this machine's libzmq has no CURVE (libsodium): install one that has, "
                + "such as Debian's libzmq5"
        case .descriptors(let needed, let room):
            "the sockets need \(needed) descriptors, this process may open \(room) more: raise the limit with "
                + "`ulimit -n`, now \(DescriptorLimit.current.soft)"
        case .thread(let reason): "cannot start a thread: \(reason)"
        case .system(let operation, let code): "\(operation): \(String(cString: zmq_strerror(code)))"
        }
    }

    private func hex(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
}
