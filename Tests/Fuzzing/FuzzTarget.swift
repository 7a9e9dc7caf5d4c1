/// One way into the program for bytes that somebody else wrote.
struct FuzzTarget: Sendable {
    var name: String
    /// Bytes of the longest input: many short ones find more than few long ones.
    var longest: Int
    private var body: @Sendable ([UInt8]) throws -> Void

    /// - Parameter body: takes any bytes. What it throws is a refusal; whatever else ends it is a finding.
    init(_ name: String, longest: Int = 2048, _ body: @escaping @Sendable ([UInt8]) throws -> Void) {
        (self.name, self.longest, self.body) = (name, longest, body)
    }

    func take(_ bytes: [UInt8]) { Self.attempt { try body(bytes) } }

    /// Why the bytes are refused, or a part of what is done with them; empty where all is taken.
    func refusals(of bytes: [UInt8]) -> [String] {
        Self.refusals = []
        take(bytes)
        defer { Self.refusals = nil }
        return Self.refusals ?? []
    }

    /// nil: nobody asks. A fuzzer has one thread.
    private nonisolated(unsafe) static var refusals: [String]?

    /// Does what may be refused, and goes on.
    static func attempt(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            let message = "\(error)"
            check(message: message)
            refusals?.append(message)
        }
    }

    /// What the program wrote itself, it takes.
    static func again<Value>(_ written: String, _ read: () throws -> Value) -> Value {
        do {
            return try read()
        } catch {
            fatalError("what was taken is refused when it is written out: \(error)\n\(written)")
        }
    }

    /// A refusal is short, and what a file holds cannot steer the terminal that shows it.
    private static func check(message: String) {
        guard message.utf8.count < 1 << 16 else { fatalError("a message of \(message.utf8.count) bytes") }
        let steering = message.unicodeScalars.first { ($0.value < 32 && $0 != "\n" && $0 != "\t") || $0.value == 127 }
        if let steering { fatalError("a message that holds U+\(String(steering.value, radix: 16)): \(message)") }
    }

    static let all =
        checkpoints + tokenizers + datasets + manifests + families + schedules + messages + runs + dashboards
}
