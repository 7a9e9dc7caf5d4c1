internal import CZeroMQ

/// How both ends of a connection prove that they know the run's secret.
///
/// - On TCP by CURVE (https://rfc.zeromq.org/spec/26): the secret is a Curve25519 key, and one pair serves both ends.
///   Everything is encrypted; older protocols (ZMTP 1.0, 2.0) and peers without CURVE end in the handshake.
/// - On ipc by PLAIN, with the secret as password: sent in the clear, but inside a directory that only the run's owner may
///   enter, and at no cost for the messages that follow.
///
/// Every bound socket enforces its ZAP domain: no peer is admitted without an answer of the `Authenticator`.
package struct Credentials {
    /// nil where this ZeroMQ has no CURVE.
    private let keys: (secret: [UInt8], public: [UInt8])?
    private let password: String

    private static let domain = "echelon"
    private static let user = "run"
    /// The largest frame of a socket whose messages have parts of up to `count` bytes. CURVE adds 33 to each (8 of name, 8 of
    /// nonce, 16 of authentication, 1 of flags), and its handshake sends commands of some 300 bytes.
    static func frameSize(of count: Int) -> Int { max(count + 64, 1024) }

    /// Made before the context: ZeroMQ's random numbers must not be opened while one lives.
    package init(_ secret: RunSecret) throws(TransportError) {
        password = secret.text
        keys = zmq_has("curve") == 1 ? (secret.bytes, try Self.publicKey(of: secret.bytes)) : nil
    }

    private static func publicKey(of secretKey: [UInt8]) throws(TransportError) -> [UInt8] {
        // Z85 takes five characters for four bytes.
        var secretText = [CChar](repeating: 0, count: 41)
        var publicText = [CChar](repeating: 0, count: 41)
        var key = [UInt8](repeating: 0, count: RunSecret.byteCount)
        guard zmq_z85_encode(&secretText, secretKey, RunSecret.byteCount) != nil,
            zmq_curve_public(&publicText, secretText) == 0, zmq_z85_decode(&key, publicText) != nil
        else { throw .lastError("derive a CURVE key") }
        return key
    }

    private func keys(for address: String) throws(TransportError) -> (secret: [UInt8], public: [UInt8]) {
        guard let keys else {
            throw .address(address, reason: "needs a libzmq with CURVE (libsodium), such as Debian's libzmq5")
        }
        return keys
    }

    /// For a socket about to be bound at `address`. Addresses bound later may demand other credentials.
    func demand(from socket: Socket, at address: String) throws(TransportError) {
        try socket.set(ZMQ_ZAP_DOMAIN, bytes: Array(Self.domain.utf8))
        try socket.set(ZMQ_ZAP_ENFORCE_DOMAIN, 1)
        guard address.hasPrefix("tcp://") else { return try socket.set(ZMQ_PLAIN_SERVER, 1) }
        try socket.set(ZMQ_CURVE_SERVER, 1)
        try socket.set(ZMQ_CURVE_SECRETKEY, bytes: try keys(for: address).secret)
    }

    /// For a socket about to be connected to `address`.
    func present(by socket: Socket, to address: String) throws(TransportError) {
        guard address.hasPrefix("tcp://") else {
            try socket.set(ZMQ_PLAIN_USERNAME, bytes: Array(Self.user.utf8))
            return try socket.set(ZMQ_PLAIN_PASSWORD, bytes: Array(password.utf8))
        }
        let keys = try keys(for: address)
        try socket.set(ZMQ_CURVE_SERVERKEY, bytes: keys.public)
        try socket.set(ZMQ_CURVE_PUBLICKEY, bytes: keys.public)
        try socket.set(ZMQ_CURVE_SECRETKEY, bytes: keys.secret)
    }

    /// The answer to a question of ZAP's. The question: version, request, domain, address, identity, mechanism, credentials.
    /// The answer: version, request, status, text, user, metadata.
    package func answer(to question: [[UInt8]]) -> [[UInt8]] {
        let version = Array("1.0".utf8)
        let request = question.count > 1 ? question[1] : []
        let isKnown =
            question.count >= 6 && question[0] == version && accept(mechanism: question[5], Array(question[6...]))
        return [version, request, Array((isKnown ? "200" : "400").utf8), Array((isKnown ? "OK" : "no").utf8), [], []]
    }

    /// Whether these are the run's own, as ZAP tells them: a public key whose secret half the peer has proved to have, or
    /// a name and a password.
    private func accept(mechanism: [UInt8], _ credentials: [[UInt8]]) -> Bool {
        switch String(decoding: mechanism, as: UTF8.self) {
        case "CURVE": credentials.count == 1 && keys.map { Self.areEqual(credentials[0], $0.public) } ?? false
        case "PLAIN": credentials.count == 2 && Self.areEqual(credentials[1], Array(password.utf8))
        default: false
        }
    }

    /// In constant time: how long it takes does not depend on where they differ.
    private static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
