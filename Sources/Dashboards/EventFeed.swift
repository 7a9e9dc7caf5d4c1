import FlyingFox
import FlyingSocks

/// The body of `/events`: server-sent events, written when the connection has room for more.
struct EventFeed: AsyncBufferedSequence {
    typealias Element = UInt8

    let board: PageBoard

    func makeAsyncIterator() -> Iterator { Iterator(editions: board.editions().makeAsyncIterator()) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        private var editions: AsyncStream<PageBoard.Edition>.Iterator
        private var told: PageBoard.Edition?

        init(editions: AsyncStream<PageBoard.Edition>.Iterator) { self.editions = editions }

        mutating func next() async throws -> UInt8? {
            preconditionFailure("a feed is read in buffers")
        }

        /// One event or a few, whole.
        mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
            if told?.isLast == true { return nil }
            guard let edition = await editions.next() else { return nil }
            defer { told = edition }
            return Array(Self.events(of: edition, after: told).utf8)
        }

        /// A page that was just loaded may be older than the first edition it is told of, so that comes with its report.
        static func events(of edition: PageBoard.Edition, after told: PageBoard.Edition?) -> String {
            if edition.isLast { return event("status", edition.status) + event("end", "\(edition.report)") }
            guard let told else { return "retry: 2000\n" + event("status", edition.status) + report(edition) }
            // A line that says nothing shows whether somebody still listens.
            let status = edition.status == told.status ? ": the same\n\n" : event("status", edition.status)
            return status + (edition.report == told.report ? "" : report(edition))
        }

        private static func report(_ edition: PageBoard.Edition) -> String { event("report", "\(edition.report)") }
        private static func event(_ name: String, _ data: String) -> String { "event: \(name)\ndata: \(data)\n\n" }
    }
}
