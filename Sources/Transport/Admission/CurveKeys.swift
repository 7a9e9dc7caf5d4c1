internal import CZeroMQ
import Systems

/// The public half of a Curve25519 pair. It names its owner and is no secret.
package struct PublicKey: Hashable, Sendable {
    package static let byteCount = 32
    package let bytes: [UInt8]

    /// nil unless there are 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// nil unless `text` is 64 hexadecimal digits.
    package init?(_ text: some StringProtocol) {
        guard let bytes = [UInt8](hexadecimal: text, count: Self.byteCount) else { return nil }
        self.bytes = bytes
    }

    /// 64 hexadecimal digits.
    package var text: String { bytes.hexadecimal }
}

/// A Curve25519 pair, with which one side of a connection proves who it is (CURVE, https://rfc.zeromq.org/spec/26).
package struct CurvePair: Hashable, Sendable {
    package let secret: RunSecret
    package let publicKey: PublicKey

    /// A new one, from the system's random numbers.
    package init() throws(TransportError) { try self.init(RunSecret()) }

    /// The pair of a known secret half. Made before the context: ZeroMQ's random numbers must not be opened while one lives.
    /// - Throws: `noCURVE` where this machine's ZeroMQ cannot.
    package init(_ secret: RunSecret) throws(TransportError) {
        guard zmq_has("curve") == 1 else { throw .noCURVE }
        // Z85 takes five characters for four bytes.
        var secretText = [CChar](repeating: 0, count: 41)
        var publicText = [CChar](repeating: 0, count: 41)
        var key = [UInt8](repeating: 0, count: PublicKey.byteCount)
        guard zmq_z85_encode(&secretText, secret.bytes, RunSecret.byteCount) != nil,
            zmq_curve_public(&publicText, secretText) == 0, zmq_z85_decode(&key, publicText) != nil,
            let publicKey = PublicKey(bytes: key)
        else { throw .lastError("derive a CURVE key") }
        self.secret = secret
        self.publicKey = publicKey
    }
}

extension CurvePair: CustomStringConvertible {
    /// Not the secret: descriptions end up in logs.
    package var description: String { "the pair of \(publicKey.text)" }
}

/// What the coordinator of runs on several machines knows: its own pair, and the public key of each rank's worker.
package struct CoordinatorKeys: Hashable, Sendable {
    package var own: CurvePair
    /// By rank. Nobody else is let in at the coordinator's port.
    package var workers: [Int: PublicKey]

    package init(own: CurvePair, workers: [Int: PublicKey]) {
        self.own = own
        self.workers = workers
    }
}

/// What a worker on another machine knows: its own pair, and how to recognise the coordinator.
package struct WorkerKeys: Hashable, Sendable {
    package var rank: Int
    package var own: CurvePair
    package var coordinator: PublicKey

    package init(rank: Int, own: CurvePair, coordinator: PublicKey) {
        self.rank = rank
        self.own = own
        self.coordinator = coordinator
    }
}
