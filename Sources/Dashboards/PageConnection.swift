import Glibc

/// One client's connection: reads a request's head, sends the answer, and is closed. A state machine told what the time
/// is; its socket does not block.
struct PageConnection {
    enum Phase: Equatable {
        case readingHead
        case answering
        /// Told of every edition.
        case listening
        /// All is sent; what the client still sends is read and dropped, so that its system does not throw the answer
        /// away.
        case leaving
        case ended
    }

    let file: Int32
    /// An IPv4 address.
    let peer: UInt32
    let openedAt: ContinuousClock.Instant
    private let limits: PageServer.Limits
    private(set) var phase = Phase.readingHead
    private var since: ContinuousClock.Instant
    /// When it last took bytes.
    private var movedAt: ContinuousClock.Instant
    private var head: [UInt8] = []
    /// Shared with others where it is the page.
    private var queue: [[UInt8]] = []
    private var sent = 0
    private var told: PageBoard.Edition?

    init(_ file: Int32, peer: UInt32, _ limits: PageServer.Limits, now: ContinuousClock.Instant) {
        self.file = file
        self.peer = peer
        self.limits = limits
        (openedAt, since, movedAt) = (now, now, now)
    }

    /// The client has closed its half.
    private var hasHungUp = false

    var wantsToSend: Bool { !queue.isEmpty }
    /// What to wait for, as `poll` takes it.
    var wantedEvents: Int16 { (hasHungUp ? 0 : Int16(POLLIN)) | (wantsToSend ? Int16(POLLOUT) : 0) }

    /// When it is given up unless something happens.
    var deadline: ContinuousClock.Instant {
        switch phase {
        case .readingHead: since + limits.head
        case .answering: min(since + limits.answer, movedAt + limits.stall)
        case .listening: wantsToSend ? movedAt + limits.stall : .now + .seconds(3600)
        case .leaving: since + limits.leave
        case .ended: since
        }
    }

    func isOver(_ now: ContinuousClock.Instant) -> Bool { phase == .ended || deadline <= now }

    private mutating func enter(_ next: Phase, _ now: ContinuousClock.Instant) {
        phase = next
        (since, movedAt) = (now, now)
    }

    // MARK: Reading

    /// Takes what has come.
    /// - Parameter answer: of a request.
    mutating func read(_ now: ContinuousClock.Instant, answer: (PageRequest) -> PageAnswer) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(file, &buffer, buffer.count, 0)
        if count < 0, [EAGAIN, EINTR].contains(errno) { return }
        guard count > 0 else {
            // A client may close its half and still wait for the answer.
            hasHungUp = true
            if phase != .answering { enter(.ended, now) }
            return
        }
        guard phase == .readingHead else { return }
        head += buffer[..<count]
        do throws(PageRequest.Malformed) {
            guard let request = try PageRequest(head) else { return }
            start(answer(request), now)
        } catch {
            start(PageAnswer(.badRequest, "That is no request of at most \(PageRequest.headLimit) bytes."), now)
        }
    }

    private mutating func start(_ answer: PageAnswer, _ now: ContinuousClock.Instant) {
        head = []
        queue = [answer.head] + (answer.body.isEmpty ? [] : [answer.body])
        enter(answer.isFeed ? .listening : .answering, now)
    }

    // MARK: Sending

    /// Tells a listener of the newest edition, once it has taken the one before.
    mutating func tell(_ edition: PageBoard.Edition, _ now: ContinuousClock.Instant) {
        guard phase == .listening, !wantsToSend, told?.number != edition.number else { return }
        queue.append(EventFeed.events(of: edition, after: told))
        movedAt = now
        told = edition
        told?.page = []
        told?.metrics = []
        if edition.isLast { phase = .answering }
    }

    /// Sends what there is room for.
    mutating func send(_ now: ContinuousClock.Instant) {
        while let first = queue.first {
            let count = first.withUnsafeBytes {
                Glibc.send(file, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, [EAGAIN, EINTR].contains(errno) { return }
            guard count >= 0 else { return enter(.ended, now) }
            movedAt = now
            sent += count
            guard sent == first.count else { continue }
            queue.removeFirst()
            sent = 0
        }
    }

    /// Ends the sending half where everything is sent.
    mutating func leaveIfDone(_ now: ContinuousClock.Instant) {
        guard phase == .answering, !wantsToSend else { return }
        shutdown(file, Int32(SHUT_WR))
        enter(.leaving, now)
    }
}
