import Dispatch
import Foundation
import Glibc
import Synchronization

/// Serves a board's page over HTTP on a thread of its own, until it is stopped.
///
/// Whatever clients do, it holds a bounded number of connections, each for a bounded time and with a bounded request;
/// where there are too many, the oldest of those that have not even asked is closed, so that slow ones shut nobody out.
package final class PageServer: Sendable {
    /// Times and numbers that clients are held to.
    package struct Limits: Sendable {
        /// From connecting to the end of the request's head, however its bytes trickle in.
        package var head = Duration.seconds(10)
        /// For the whole answer.
        package var answer = Duration.seconds(60)
        /// Between two moments in which some of an answer was taken.
        package var stall = Duration.seconds(20)
        /// For the client to hang up once it has the answer.
        package var leave = Duration.seconds(2)
        package var connections = 128
        package var perAddress = 32
        package var listeners = 64

        package init() {}
    }

    /// Where it listens: with the port that was chosen where any would do.
    package let address: DashboardAddress
    /// What to open: in a browser on this machine first, then on others; with the token that those need.
    package let urls: [String]
    private let board: PageBoard
    private let control: PageControl

    /// Returns when it listens.
    /// - Parameter isLocal: whether a client's IPv4 address, in network order, is this machine's own.
    package init(
        _ board: PageBoard, at wanted: DashboardAddress, limits: Limits = Limits(),
        isLocal: @escaping @Sendable (UInt32) -> Bool = { UInt32(bigEndian: $0) >> 24 == 127 }
    ) throws(DashboardError) {
        let control = try PageControl(for: wanted)
        let (listener, port) = try PageListener.open(at: wanted)
        address = DashboardAddress(host: wanted.host, port: port)
        let access = PageAccess(address)
        urls = address.urls(token: access.token, own: OwnAddresses.current)
        self.board = board
        self.control = control
        let handler = PageHandler(board: board, access: access)
        Thread.detachNewThread {
            var loop = PageLoop(listener, handler, control, limits: limits, isLocal: isLocal)
            loop.run()
            control.markEnded()
        }
        board.onChange { control.wake() }
    }

    deinit { stop() }

    /// Closes every connection. Returns when nothing of it is left.
    package func stop() {
        board.onChange(nil)
        control.stop()
    }
}

/// What ties the server's thread to others: it is woken, told to stop, and waited for.
final class PageControl: Sendable {
    /// Readable when there is something new: a pipe of a few bytes.
    let wakeUpRead: Int32
    private let wakeUpWrite: Int32
    private let stopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)

    init(for address: DashboardAddress) throws(DashboardError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .refused(address, reason: String(cString: strerror(errno))) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (wakeUpRead, wakeUpWrite) = (ends[0], ends[1])
    }

    deinit {
        close(wakeUpRead)
        close(wakeUpWrite)
    }

    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// A full pipe wakes as well as one more byte.
    func wake() { _ = write(wakeUpWrite, [1], 1) }

    /// Takes the wake-ups out of the pipe.
    func drain() {
        var buffer = [UInt8](repeating: 0, count: 1024)
        _ = read(wakeUpRead, &buffer, buffer.count)
    }

    func stop() {
        stopping.store(true, ordering: .relaxed)
        wake()
        ended.wait()
        ended.signal()
    }

    func markEnded() { ended.signal() }
}

/// The socket that clients connect to.
enum PageListener {
    static func open(at wanted: DashboardAddress) throws(DashboardError) -> (file: Int32, port: UInt16) {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard file >= 0 else { throw .refused(wanted, reason: String(cString: strerror(errno))) }
        var on: Int32 = 1
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = wanted.port.bigEndian
        inet_pton(AF_INET, wanted.host, &address.sin_addr)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bare in
                bind(file, bare, size) == 0 && listen(file, 128) == 0 && getsockname(file, bare, &size) == 0
            }
        }
        guard result else {
            let code = errno
            close(file)
            throw code == EADDRINUSE ? .taken(wanted) : .refused(wanted, reason: String(cString: strerror(code)))
        }
        return (file, UInt16(bigEndian: address.sin_port))
    }
}
