/// What a client is told.
struct PageAnswer {
    enum Status: String {
        case ok = "200 OK"
        case badRequest = "400 Bad Request"
        case forbidden = "403 Forbidden"
        case notFound = "404 Not Found"
        case methodNotAllowed = "405 Method Not Allowed"
        case misdirected = "421 Misdirected Request"
    }

    /// The status line and headers.
    var head: [UInt8]
    var body: [UInt8]
    /// Events follow, for as long as somebody listens.
    var isFeed = false

    init(
        _ status: Status, type: String, body: [UInt8] = [], isHead: Bool = false, isFeed: Bool = false,
        headers: [String] = []
    ) {
        let length = isFeed ? [] : ["Content-Length: \(body.count)"]
        let lines =
            ["HTTP/1.1 \(status.rawValue)", "Content-Type: \(type)"] + length
            + ["Cache-Control: no-store", "X-Content-Type-Options: nosniff", "Connection: close"] + headers
        head = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        self.body = isHead ? [] : body
        self.isFeed = isFeed
    }

    init(_ status: Status, _ text: String) {
        self.init(status, type: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
    }
}
