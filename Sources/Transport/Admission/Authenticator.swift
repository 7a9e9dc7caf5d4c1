internal import CZeroMQ

/// Hands a context's questions of who may connect to a `Doorkeeper`. It has to be there before the context's first socket is
/// bound, and the thread that owns it has to serve it: handshakes wait for it.
final class Authenticator {
    /// A ROUTER, because answers may have to wait, and need not leave in the order of their questions.
    let socket: Socket
    private var doorkeeper = Doorkeeper()

    init(_ context: Context) throws(TransportError) {
        socket = try Socket(context, ZMQ_ROUTER)
        do throws(TransportError) {
            try socket.set(ZMQ_LINGER, 0)
            try socket.bind("inproc://zeromq.zap.01")
        } catch {
            socket.close(lingerMilliseconds: 0)
            throw error
        }
    }

    func decide(_ rule: Doorkeeper.Rule, at door: String) throws(TransportError) {
        for answer in doorkeeper.decide(rule, at: door) { try send(answer) }
    }

    /// Answers every question that can be answered.
    /// - Returns: where those came from who were refused; nil for who came by ipc.
    func serve() throws(TransportError) -> [String?] {
        while let question = try socket.receiveParts()?.parts {
            if let answer = doorkeeper.receive(question) { try send(answer) }
        }
        return doorkeeper.takeRefusals()
    }

    private func send(_ answer: Doorkeeper.Message) throws(TransportError) {
        for (index, part) in answer.enumerated() { _ = try socket.send(part, more: index + 1 < answer.count) }
    }

    func close() { socket.close(lingerMilliseconds: 0) }
}
