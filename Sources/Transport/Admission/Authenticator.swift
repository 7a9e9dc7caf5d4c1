internal import CZeroMQ

/// Answers a context's questions of who may connect (ZAP, https://rfc.zeromq.org/spec/27). It has to be there before the
/// context's first socket is bound, and the thread that owns it has to serve it: handshakes wait for it.
final class Authenticator {
    let socket: Socket
    private let credentials: Credentials

    init(_ context: Context, _ credentials: Credentials) throws(TransportError) {
        self.credentials = credentials
        socket = try Socket(context, ZMQ_REP)
        do throws(TransportError) {
            try socket.set(ZMQ_LINGER, 0)
            try socket.bind("inproc://zeromq.zap.01")
        } catch {
            socket.close(lingerMilliseconds: 0)
            throw error
        }
    }

    /// Answers every question that waits.
    func serve() throws(TransportError) {
        while let (question, _) = try socket.receiveParts() {
            let answer = credentials.answer(to: question)
            for (index, part) in answer.enumerated() {
                _ = try socket.send(part, more: index + 1 < answer.count)
            }
        }
    }

    func close() { socket.close(lingerMilliseconds: 0) }
}
