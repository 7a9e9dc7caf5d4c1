import Coordination
import Manifests
import Planning
import Runs
import Systems
import Transport

/// Several stages, each a process or a thread of its own.
final class WorkerPipeline: PassPipeline {
    private let plan: GenerationPlan
    private let server: ControlServer
    private let workers: any StageWorkers
    private var answers: [(slot: Int, logits: [Float])] = []
    private var isRunning = false
    private var left: Set<Int> = []
    private var silentLooks: [Int: Int] = [:]
    /// So many in a row are a hang: two seconds of looking beyond the server's own limit.
    private static let hangingLooks = 40

    /// Returns when all stages are there, with their parameters.
    /// - Parameter start: starts the workers of a server.
    init(
        _ plan: GenerationPlan, server: ControlServer, start: (ControlServer) throws -> any StageWorkers
    ) throws {
        self.plan = plan
        self.server = server
        do { workers = try start(server) } catch {
            server.close()
            throw error
        }
        do {
            while !isRunning { try look() }
        } catch {
            end(grace: 0)
            throw error
        }
    }

    static func configuration(_ plan: GenerationPlan) -> ControlServer.Configuration {
        ControlServer.Configuration(world: plan.devices.count, digest: plan.digest)
    }

    func submit(_ order: PassOrder) throws {
        try server.sendApplication(StageCommand.pass(order).encoded(), to: 0)
    }

    func next() throws -> (slot: Int, logits: [Float]) {
        while answers.isEmpty { try look() }
        return answers.removeFirst()
    }

    func close(isDone: Bool) throws {
        defer { end(grace: isDone ? 2 : 0) }
        guard isDone else { return }
        try server.sendApplication(StageCommand.end.encoded(), to: 0)
        while left.count < plan.devices.count { try look() }
    }

    private func end(grace: Double) {
        workers.endAll(grace: grace)
        server.close()
    }

    private func look() throws {
        for event in try server.poll(timeout: .milliseconds(50)) { try handle(event) }
        workers.pauseIfAsked()
        guard Interrupts.count == 0 else { throw RunFailure(.interrupted, "interrupted") }
        for rank in workers.reap() where !left.contains(rank) {
            // Its last words may have arrived since.
            for event in try server.poll(timeout: .milliseconds(50)) { try handle(event) }
            if !left.contains(rank) { throw endedEarly(rank) }
        }
        let silent = server.silentRanks
        for rank in plan.devices.indices {
            silentLooks[rank] = silent.contains(rank) ? silentLooks[rank, default: 0] + 1 : 0
            guard silentLooks[rank, default: 0] < Self.hangingLooks else {
                throw RunFailure(
                    .interrupted, "worker \(rank) on \(plan.devices[rank]) has not been heard of: it hangs")
            }
        }
    }

    private func handle(_ event: ControlEvent) throws {
        switch event {
        case .go: isRunning = true
        case .message(_, let bytes): answers.append(try LogitsMessage.decode(bytes))
        case .goodbye(let rank): left.insert(rank)
        case .failed(_, let code, let text): throw WireCode.decode(code, text)
        case .gone(let rank) where !left.contains(rank): throw endedEarly(rank)
        case .refused, .registered, .connecting, .status, .clock, .gone: break
        }
    }

    private func endedEarly(_ rank: Int) -> RunFailure {
        let tail = workers.tail(of: rank).map { ":\n\($0)" } ?? ""
        return RunFailure(.interrupted, "worker \(rank) on \(plan.devices[rank]) ended early\(tail)")
    }
}

/// The stages of a pipeline as who drives it sees them.
protocol StageWorkers: AnyObject {
    /// Those that ended since the last call.
    func reap() -> [Int]
    /// What one said at last that is no message.
    func tail(of rank: Int) -> String?
    func pauseIfAsked()
    /// Gives them so many seconds to leave by themselves, then ends the rest; returns when none is left.
    func endAll(grace: Double)
}
