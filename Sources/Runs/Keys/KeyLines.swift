import Systems
import Transport

/// Reads the lines of a key file.
struct KeyLines {
    private enum Role { case coordinator, worker(Int) }

    private let path: String
    private var role: Role?
    private var secret: RunSecret?
    private var coordinator: PublicKey?
    private var workers: [Int: PublicKey] = [:]

    init(_ path: String) { self.path = path.printable() }

    /// - Parameter number: of the line, from 1.
    mutating func read(_ line: Substring, number: Int) throws(RunFailure) {
        let line = line.filter { $0 != "\t" }
        if line.isEmpty || line.hasPrefix("#") { return }
        guard let colon = line.firstIndex(of: ":") else { throw wrong(number, "expected NAME: VALUE", line) }
        let (name, value) = (line[..<colon], line[line.index(after: colon)...].drop { $0 == " " })
        switch name {
        case "role" where role == nil: role = try parseRole(value, number)
        case "secret" where secret == nil:
            guard let known = RunSecret(value) else {
                // What was found may be most of a secret.
                throw RunFailure.badInput("\(path):\(number): secret: expected 64 hexadecimal digits")
            }
            secret = known
        case "coordinator" where coordinator == nil: coordinator = try parseKey(value, number)
        default:
            guard let rank = Self.rank(name), workers[rank] == nil else {
                throw wrong(number, "expected role, secret, coordinator or worker N, each once", String(name))
            }
            let key = try parseKey(value, number)
            if let other = workers.first(where: { $0.value == key }) {
                throw .badInput(
                    "\(path):\(number): worker \(rank) has the key of worker \(other.key); expected its own")
            }
            workers[rank] = key
        }
    }

    func finish() throws(RunFailure) -> KeyFile {
        guard let role else { throw missing("role: coordinator, or role: worker N") }
        guard let secret else { throw missing("secret: 64 hexadecimal digits") }
        let own: CurvePair
        do { own = try CurvePair(secret) } catch { throw RunFailure(wrapping: error) }
        switch role {
        case .coordinator:
            guard coordinator == nil else {
                throw missing("a line for each worker and none for the coordinator itself")
            }
            return .coordinator(CoordinatorKeys(own: own, workers: workers))
        case .worker(let rank):
            guard workers.isEmpty else { throw missing("a line for the coordinator and none for workers") }
            guard let coordinator else { throw missing("coordinator: 64 hexadecimal digits") }
            return .worker(WorkerKeys(rank: rank, own: own, coordinator: coordinator))
        }
    }

    private func parseRole(_ value: Substring, _ number: Int) throws(RunFailure) -> Role {
        if value == "coordinator" { return .coordinator }
        guard let rank = Self.rank(value) else {
            throw wrong(number, "expected coordinator or worker N", String(value))
        }
        return .worker(rank)
    }

    /// `worker 3`
    private static func rank(_ text: Substring) -> Int? {
        guard text.hasPrefix("worker ") else { return nil }
        return UInt16(text.dropFirst("worker ".count)).map(Int.init)
    }

    private func parseKey(_ value: Substring, _ number: Int) throws(RunFailure) -> PublicKey {
        guard let key = PublicKey(value) else { throw wrong(number, "expected 64 hexadecimal digits", String(value)) }
        return key
    }

    private func wrong(_ number: Int, _ expected: String, _ got: String) -> RunFailure {
        .badInput("\(path):\(number): \(expected), got \(got.printable(limit: 80))")
    }

    private func missing(_ what: String) -> RunFailure { .badInput("\(path): expected \(what)") }
}
