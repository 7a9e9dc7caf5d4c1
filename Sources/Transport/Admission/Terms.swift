internal import CZeroMQ

/// The terms of a connection: how its ends prove that they belong to the run.
///
/// - On TCP by CURVE: everything is encrypted; older protocols (ZMTP 1.0, 2.0), peers without CURVE and those that do not
///   know this side's public key end in the handshake.
/// - On ipc by PLAIN, with the run's secret as password: sent in the clear, but inside a directory that only the run's owner
///   may enter, and at no cost for the messages that follow.
///
/// Every bound socket enforces its ZAP domain, here a door: no peer is admitted without an answer of the `Authenticator`.
enum Terms {
    private static let user = "run"

    /// The door of every ipc socket.
    static let ipc = "ipc"
    /// The door of the coordinator's port.
    static let port = "port"
    /// The door of a link's port: the link's place in the configuration.
    static func link(_ index: Int) -> String { "link \(index)" }

    /// The largest frame of a socket whose messages have parts of up to `count` bytes. CURVE adds 33 to each (8 of name, 8 of
    /// nonce, 16 of authentication, 1 of flags), and its handshake sends commands of some 300 bytes.
    static func frameSize(of count: Int) -> Int { max(count + 64, 1024) }

    /// For a socket about to be bound at an ipc address. Addresses bound later may demand something else.
    static func demandPassword(from socket: Socket) throws(TransportError) {
        try demand(from: socket, door: ipc)
        try socket.set(ZMQ_PLAIN_SERVER, 1)
    }

    /// For a socket about to be bound at a port.
    static func demandKey(from socket: Socket, own: CurvePair, door: String) throws(TransportError) {
        try demand(from: socket, door: door)
        try socket.set(ZMQ_CURVE_SERVER, 1)
        try socket.set(ZMQ_CURVE_SECRETKEY, bytes: own.secret.bytes)
    }

    private static func demand(from socket: Socket, door: String) throws(TransportError) {
        try socket.set(ZMQ_ZAP_DOMAIN, bytes: Array(door.utf8))
        try socket.set(ZMQ_ZAP_ENFORCE_DOMAIN, 1)
    }

    /// For a socket about to be connected to an ipc address.
    static func presentPassword(_ secret: RunSecret, by socket: Socket) throws(TransportError) {
        try socket.set(ZMQ_PLAIN_USERNAME, bytes: Array(user.utf8))
        try socket.set(ZMQ_PLAIN_PASSWORD, bytes: Array(secret.text.utf8))
    }

    /// For a socket about to be connected to a port whose owner has the key `server`.
    static func presentKey(_ own: CurvePair, by socket: Socket, to server: PublicKey) throws(TransportError) {
        try socket.set(ZMQ_CURVE_SERVERKEY, bytes: server.bytes)
        try socket.set(ZMQ_CURVE_PUBLICKEY, bytes: own.publicKey.bytes)
        try socket.set(ZMQ_CURVE_SECRETKEY, bytes: own.secret.bytes)
    }
}
